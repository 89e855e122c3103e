"""A server with very many entries, for the benchmarks that need one."""

from common import load, progress, start_kck

# A JSON string of 100 bytes, and one of 100 bytes to 10 kB, most of them small.
FILES = {
    "products/v.yml": """database: main
parameters: [{name: id, type: int}]
query: {template: "select printf('%098d', :id)", process_result: {jsonpath_first: "$[0][0]"}}
""",
    "products/mixed.yml": """database: main
parameters: [{name: id, type: int}]
query:
  template: >-
    select printf('%0' || (case when :id % 100 < 50 then 100 when :id % 100 < 80 then 400
    when :id % 100 < 95 then 2000 else 10000 end + :id % 97) || 'd', :id)
""",
    "empty.db": "",
}


def kck_yml(memory, store):
    return f'databases: {{main: {{url: "sqlite:empty.db"}}}}\nstore: {{url: "{store}"}}\nmemory: {memory}\n'


def start(options, folder, memory, store="rocksdb:store"):
    return start_kck(options, folder, {**FILES, "kck.yml": kck_yml(memory, store)}, core=None, threads=2)


def fill(options, server, product, count, first=1):
    """Has `count` keys of the product computed, and the store take them."""
    progress(f"computing {count:,} entries")
    done = load(options, server.port, f"/fetch/{product}/{{}}", 3600, core=None, connections=32, pipeline=16,
                numbers=count, first=first)
    return done["requests"]
