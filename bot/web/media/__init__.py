"""Files that come with customers' messages: fetched from the platform, kept by us, shown on the desk."""
