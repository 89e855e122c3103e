"""`kck import-0.6`: what kck.yml has to say for the settings and folders of KCK 0.6.3. Run by the program `kck`, to
which it prints JSON. Nothing is written here."""

from __future__ import annotations

import json
import os
import sys
from typing import Any


def main() -> None:
    from kck.import06.plan import plan_of
    from kck.import06.settings import SettingsError, read_settings

    try:
        made = plan_of(read_settings(sys.argv[1], os.getcwd()), sys.argv[2])
    except SettingsError as error:
        said: dict[str, Any] = {"error": str(error)}
    else:
        said = {"folder": made.folder, "kck_yml": made.text(), "taken": made.taken, "hands": made.hands}
    # The settings may have printed.
    sys.stdout.flush()
    print("\n" + json.dumps(said))
