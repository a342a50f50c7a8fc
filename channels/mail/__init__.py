"""Reading mail: bytes in, plain facts out. No Django, no decisions about people."""
