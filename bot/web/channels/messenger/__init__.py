"""Facebook Messenger and Instagram: a webhook in, the Graph API out; docs/how-to/messenger.md."""
