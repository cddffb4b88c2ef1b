-- Put a conversation where lists look for it, or take one that is gone out; it changes nothing else.
place_in_views()
return 1
