"""The face for agent hosts (Model Context Protocol): what a key may do by REST, as tools.

Each tool asks the REST face within this process, so that rights, refusals, limits and the log are
the same at both. No tool approves, sends, or changes a control: REST refuses an agent that, and
here there is no tool for it.
"""
