"""Programs around Vraagbaak: setting it up, testing it, measuring it. The program itself is `bot`."""
