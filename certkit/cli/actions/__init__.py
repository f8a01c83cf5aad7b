"""What the verbs do, one module a verb, with all that it imports at its top.

A verb's module in `verbs` only declares arguments, options and help. It reaches its action as an attribute of this
package, which imports the action then (PEP 562): help, usage errors and completions load nothing that only a command
needs.
"""

import importlib
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from certkit.cli.actions import (
        apply,
        authority,
        backup,
        daemon,
        demo,
        enroll,
        enrolled_here,
        enrollment_proof,
        init,
        invite,
        invite_many,
        issue,
        issue_many,
        lead,
        lead_knowledge,
        ledger,
        ledger_names,
        list,  # noqa: A004  the verb's name
        log,
        needs_renewal,
        probe,
        renew,
        revoke,
        rotate,
        serve,
        show,
        sign,
        status,
        status_page,
        sync,
        unenroll,
        use,
    )

__all__ = [
    "apply",
    "authority",
    "backup",
    "daemon",
    "demo",
    "enroll",
    "enrolled_here",
    "enrollment_proof",
    "init",
    "invite",
    "invite_many",
    "issue",
    "issue_many",
    "lead",
    "lead_knowledge",
    "ledger",
    "ledger_names",
    "list",
    "log",
    "needs_renewal",
    "probe",
    "renew",
    "revoke",
    "rotate",
    "serve",
    "show",
    "sign",
    "status",
    "status_page",
    "sync",
    "unenroll",
    "use",
]


def __getattr__(name: str) -> ModuleType:
    if name not in __all__:
        raise AttributeError(name)
    return importlib.import_module(f"{__name__}.{name}")
