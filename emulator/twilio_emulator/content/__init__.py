"""Content templates: what they say once their variables are filled in, and where they are approved."""
