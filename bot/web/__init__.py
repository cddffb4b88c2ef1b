"""What faces the internet: channels, desk, editor, API. Never imports rasa."""
