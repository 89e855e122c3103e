"""The files of small KCK folders."""

import sqlite3


def kck_yml(url, store="rocksdb:store", database="", **http):
    """A kck.yml with one database, main. `database` holds more fields of it; the rest are fields of http."""
    lines = [
        f'databases: {{main: {{url: "{url}"{", " + database if database else ""}}}}}',
        f'store: {{url: "{store}"}}',
        "memory: 64MiB",
    ]
    if http:
        lines.append("http: {" + ", ".join(f"{name}: {value}" for name, value in http.items()) + "}")
    return "\n".join(lines) + "\n"


def product(sql, params="", shape="rows", rest=""):
    """A product file. `params` is as "id: int, name: string"; `rest` more lines of YAML."""
    declared = [part.split(":") for part in params.split(",") if part]
    listed = ", ".join(f"{{name: {name.strip()}, type: {kind.strip()}}}" for name, kind in declared)
    indented = "\n".join("    " + line for line in sql.splitlines())
    return (f"database: main\nparameters: [{listed}]\nquery:\n  template: |\n{indented}\n  type: {shape}\n"
            + (rest + "\n" if rest else ""))


def make_sqlite(path, script):
    """Makes an SQLite database by a script, and returns its URL."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path)
    connection.executescript(script)
    connection.close()
    return f"sqlite:{path}"
