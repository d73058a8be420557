"""The commands by name: `module:function` of this package, imported when asked for, so that a step starts at once.

Each takes the options of the command line. What is secret, or another step's, comes in the environment.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from importlib import import_module

COMMANDS = {
    "apply": "commands_azure:apply",
    "changes": "commands_github:find_changes",
    "check-approval": "commands_github:check_approval",
    "check-roles": "commands_azure:check_roles",
    "check-runner": "commands_azure:check_runner",
    "check-token": "commands_github:check_token",
    "check-variables": "commands_azure:check_variables",
    "choose": "commands_github:choose",
    "comment": "commands_github:comment",
    "confirm-destroy": "commands_azure:confirm_destroy",
    "dashboards": "commands_azure:import_dashboards",
    "deploy": "commands_services:deploy_service",
    "drift": "commands_github:drift",
    "image": "commands_services:build",
    "job-deploy": "commands_databricks:deploy",
    "job-destroy": "commands_databricks:destroy",
    "job-result": "commands_databricks:fetch",
    "job-run": "commands_databricks:start",
    "let-in": "commands_azure:let_in",
    "outputs": "commands_azure:outputs",
    "outputs-if-any": "commands_azure:outputs_if_any",
    "overview": "commands_github:overview",
    "plan": "commands_azure:plan",
    "push": "commands_services:push",
    "release": "commands_github:publish",
    "remove-smart-detection": "commands_azure:remove_smart_detection",
    "secrets": "commands_azure:put_secrets",
    "session": "commands_azure:session",
    "shut-out": "commands_azure:shut_out",
    "sign": "commands_services:sign",
    "summary": "commands_github:write_summary",
    "tell-unreviewed": "commands_github:tell_unreviewed",
    "workspace": "commands_databricks:use_workspace",
}


def command(name: str) -> Callable[[Namespace], None]:
    """The command of that name."""
    module, _, function = COMMANDS[name].partition(":")
    found: Callable[[Namespace], None] = getattr(import_module(f"cdp_actions.{module}"), function)
    return found
