"""What a benchmark found: on the terminal, as JSON, and in docs/benchmarks.md."""

import json

from common import ROOT, machine

RESULTS = ROOT / "bench/results"
DOCUMENT = ROOT / "docs/benchmarks.md"

HEAD = """# Benchmarks

Written by `bench/run NAME --record`, from the last recorded run of each. A ratio is of one run, in which KCK and its peer
took turns on the same core; figures are medians. Compare ratios: microseconds are of the machine that is named.
"""


class Report:
    """A table of texts, with what it shows, what to hold against it, and the figures behind it."""

    def __init__(self, name, title, about, columns, rows, data, notes=(), passed=True):
        self.passed = passed  # a bar that the benchmark itself sets was reached
        self.fields = {"name": name, "title": title, "about": about, "columns": columns, "rows": rows,
                       "notes": list(notes), "machine": machine(), "data": data}

    def show(self, options):
        if options.record:
            self.record(options)
        print(json.dumps(self.fields, indent=1) if options.json else table_text(self.fields))

    def record(self, options):
        self.fields["command"] = options.command_text
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / f"{self.fields['name']}.json").write_text(json.dumps(self.fields, indent=1) + "\n")
        write_document()


def about_machine(fields):
    about = fields["machine"]
    return f"{about['cpu']}, {about['cores']} cores, Linux {about['kernel']}"


def table_text(fields):
    lines = [fields["columns"], *fields["rows"]]
    widths = [max(len(line[i]) for line in lines) for i in range(len(fields["columns"]))]
    shown = ["  ".join([line[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(line[1:], widths[1:])])
             for line in lines]
    return "\n".join([f"{fields['title']}. {about_machine(fields)}", "", *shown, *("\n" + n for n in fields["notes"])])


def markdown(fields):
    rows = ["| " + " | ".join(row) + " |" for row in [fields["columns"], ["---"] * len(fields["columns"]),
                                                      *fields["rows"]]]
    notes = "".join(f"\n{note}\n" for note in fields["notes"])
    return (f"\n## {fields['title']}\n\n{fields['about']}\n\n`{fields['command']}`, {about_machine(fields)}:\n\n"
            + "\n".join(rows) + "\n" + notes)


def write_document():
    recorded = [json.loads(path.read_text()) for path in sorted(RESULTS.glob("*.json"))]
    DOCUMENT.write_text(HEAD + "".join(markdown(fields) for fields in recorded))
