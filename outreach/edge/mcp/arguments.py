"""What a tool is called with: nothing it does not know, and what is wrong in our own words.

The library passes over an unknown argument, and a misspelt filter would show every row.
"""

from __future__ import annotations

from typing import Any

from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import Tool
from pydantic import ValidationError

DUE = {
    "string_type": "write a text",
    "int_type": "write a whole number",
    "int_parsing": "write a whole number",
    "int_from_float": "write a whole number",
    "bool_type": "write true or false",
    "bool_parsing": "write true or false",
    "dict_type": "write an object",
    "list_type": "write a list",
}
LONGEST = 40  # of a name that is said back


class StrictServer(MCPServer[Any]):
    """Refuses what a tool does not know, and says so in the schema of each tool."""

    async def list_tools(self) -> list[Tool]:
        return [
            tool.model_copy(
                update={"input_schema": {**tool.input_schema, "additionalProperties": False}}
            )
            for tool in await super().list_tools()
        ]

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None
    ) -> Any:
        for tool in await super().list_tools():
            if tool.name == name:
                _refuse_unknown(name, set(tool.input_schema.get("properties", {})), arguments)
        try:
            return await super().call_tool(name, arguments, context)
        except ToolError as error:
            wrong = error.__cause__
            if isinstance(wrong, ValidationError):
                raise ToolError(_told(name, wrong)) from wrong
            raise


def _refuse_unknown(tool: str, known: set[str], arguments: dict[str, Any]) -> None:
    if strange := sorted(set(arguments) - known):
        names = ", ".join(repr(each[:LONGEST]) for each in strange[:3])
        raise ToolError(
            f"{tool} takes no argument {names}. Known: {', '.join(sorted(known)) or 'none'}."
        )


def _told(tool: str, wrong: ValidationError) -> str:
    """The faults as sentences: the names of arguments, never what was given for them."""
    faults = wrong.errors(include_input=False, include_url=False)
    missing = [str(each["loc"][0]) for each in faults if each["type"] == "missing"]
    said = [f"{tool} lacks an argument: {', '.join(missing)}."] if missing else []
    for each in faults:
        if each["type"] == "literal_error":
            due = f"write one of {each['ctx']['expected']}"
        else:
            due = DUE.get(each["type"], each["msg"])
        if each["type"] != "missing":
            said.append(f"{each['loc'][0]}: {due}.")
    return " ".join(said)
