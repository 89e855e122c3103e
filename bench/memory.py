"""What entries take from memory, beside the budget that the user gives."""

import subprocess

import entries
import peers
from common import Failed, Server, Servers, free_port, metric, progress, raw_answer
from report import Report

MIB = 1 << 20

ABOUT = """The server's resident memory. *Beyond key and body*: what an entry of a 100-byte value takes beside the bytes of
its key and of the answer's body, by the growth from a quarter as many entries; the body stands around the value, and only
the value is kept.
*Full* and *churned*: beside `memory`, once more was computed than fits, and after five times as much again, in sizes of
100 bytes to 10 kB."""


def entry_row(options, servers):
    server = servers.add(entries.start(options, servers.subfolder("many"), "2GiB"))
    first = options.entries // 4  # until the server's and the store's own memory has grown to what it stays at
    entries.fill(options, server, "v", first)
    before, kept_before = server.resident_bytes(), metric(server, "kck_hot_entries")
    entries.fill(options, server, "v", options.entries, first=first + 1)
    count = metric(server, "kck_hot_entries") - kept_before
    if count < options.entries * 0.99:
        raise Failed(f"only {count} of {options.entries} entries are in memory")
    key = len(f"v/{options.entries // 2}")
    body = raw_answer(server.port, f"/fetch/v/{options.entries // 2}")[1]
    value = 100
    beyond = (server.resident_bytes() - before) / count - key - body
    counted = metric(server, "kck_hot_bytes") / metric(server, "kck_hot_entries") - key - body
    server.stop()
    beside = f"{beyond + body - value:.0f} B beside key and value; counted as {counted:.0f} B"
    return ["entries of 100 bytes", f"{count:,}", f"{beyond:.0f} B", beside], {
        "entries": count, "key_bytes": key, "body_bytes": body, "beyond_bytes": beyond, "counted_bytes": counted}


def redis_row(options, servers):
    port = free_port()
    folder = servers.subfolder("redis")
    server = servers.add(Server("redis", [peers.program("redis-server", "redis-server"), "--port", port, "--save", "",
                                          "--enable-debug-command", "local", "--dir", folder], folder / "log",
                                port=port, core=None))
    before = server.resident_bytes()
    subprocess.run([peers.program("redis-cli", "redis-tools"), "-p", str(port), "debug", "populate",
                    str(options.entries), "v", "100"], check=True, stdout=subprocess.DEVNULL)
    beyond = (server.resident_bytes() - before) / options.entries - len(f"v:{options.entries // 2}") - 100
    server.stop()
    return ["redis, values of 100 bytes", f"{options.entries:,}", "", f"{beyond:.0f} B beside key and value"], {
        "beyond_bytes": beyond}


def budget_rows(options, servers):
    budget = options.budget_mib * MIB
    server = servers.add(entries.start(options, servers.subfolder("budget"), f"{options.budget_mib}MiB"))
    constant = server.resident_bytes()
    rows, data = [], {"budget_bytes": budget, "empty_bytes": constant}
    rows.append(["server without entries", "0", f"{constant / MIB:.0f} MiB", ""])
    first = 1
    for name, budgets in (("full", 2), ("churned", 5)):
        count = int(budgets * budget / 1200)  # entries are about so large
        entries.fill(options, server, "mixed", count, first)
        first += count
        resident = server.resident_bytes()
        share = (resident - 64 * MIB) / budget
        rows.append([f"{options.budget_mib} MiB, {name}", f"{metric(server, 'kck_hot_entries'):,}",
                     f"{resident / MIB:.0f} MiB", f"{share:.2f}× the budget, beside 64 MiB"])
        data[name] = {"resident_bytes": resident, "counted_bytes": metric(server, "kck_hot_bytes")}
    server.stop()
    return rows, data


def run(options):
    with Servers() as servers:
        progress("entries of 100 bytes")
        first, many = entry_row(options, servers)
        second, redis = redis_row(options, servers)
        progress("a full budget")
        rows, budget = budget_rows(options, servers)
    return Report("memory", "Memory", ABOUT, ["", "entries", "resident, or beyond key and body", ""],
                  [first, second, *rows], {"many": many, "redis": redis, "budget": budget})


def add_options(parser):
    parser.add_argument("--entries", type=int, default=1000000)
    parser.add_argument("--budget-mib", type=int, default=512)
