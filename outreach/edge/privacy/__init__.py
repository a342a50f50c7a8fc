"""What is stored about one human being: declared column by column, told on request, erased.

Outermost of the rooms because it sees every table; a person's standing, their messages and their
addresses are changed by the services that own them.
"""
