"""The files that a node reads when it starts, all in NODE/conf: cassandra.yaml, logback.xml, java.args."""

import json
import os
import shutil

from cassandra_cluster.settings import TOKENS

# Parts of Java that Cassandra reaches into, as its own options for Java 17 list them.
EXPORTS = """java.base/jdk.internal.misc java.base/java.lang.ref java.management.rmi/com.sun.jmx.remote.internal.rmi
java.rmi/sun.rmi.registry java.rmi/sun.rmi.server java.sql/java.sql jdk.unsupported/sun.misc
jdk.compiler/com.sun.tools.javac.file jdk.attach/sun.tools.attach""".split()
OPENS = """java.base/java.io java.base/java.lang java.base/java.lang.module java.base/java.lang.reflect java.base/java.nio
java.base/java.util java.base/java.util.concurrent java.base/java.util.concurrent.atomic java.base/jdk.internal.loader
java.base/jdk.internal.math java.base/jdk.internal.module java.base/jdk.internal.ref java.base/jdk.internal.reflect
java.base/jdk.internal.util.jar java.base/sun.nio.ch jdk.compiler/com.sun.tools.javac
jdk.management/com.sun.management.internal""".split()
MODULES = [f"--add-exports={part}=ALL-UNNAMED" for part in EXPORTS] + [f"--add-opens={part}=ALL-UNNAMED" for part in OPENS]

# Little memory and few threads, since it shares a machine with tests.
SMALL = {
    "cluster_name": "loopback",
    "partitioner": "org.apache.cassandra.dht.Murmur3Partitioner",
    "endpoint_snitch": "SimpleSnitch",
    "dynamic_snitch": False,
    "storage_compatibility_mode": "NONE",
    "num_tokens": TOKENS,
    "commitlog_sync": "periodic",
    "commitlog_sync_period": "1000ms",
    "commitlog_segment_size": "8MiB",
    "commitlog_total_space": "256MiB",
    "memtable_heap_space": "96MiB",
    "memtable_offheap_space": "96MiB",
    "file_cache_size": "32MiB",
    "key_cache_size": "8MiB",
    "row_cache_size": "0MiB",
    "counter_cache_size": "4MiB",
    "networking_cache_size": "32MiB",
    "prepared_statements_cache_size": "8MiB",
    "concurrent_reads": 16,
    "concurrent_writes": 16,
    "concurrent_counter_writes": 16,
    "concurrent_compactors": 1,
    "concurrent_validations": 1,
    "native_transport_max_threads": 32,
    "auto_snapshot": False,
    "hints_flush_period": "1000ms",
    "authenticator": "AllowAllAuthenticator",
    "authorizer": "AllowAllAuthorizer",
    "role_manager": "CassandraRoleManager",
}

LOGBACK = """<configuration>
  <appender name="out" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%-5level %date{ISO8601} [%thread] %logger{0} - %msg%n</pattern></encoder>
  </appender>
  <root level="INFO"><appender-ref ref="out"/></root>
</configuration>
"""
LOGBACK_TOOLS = '<configuration><root level="OFF"/></configuration>\n'


def write(folder, settings, number, jars, joins, archive_options):
    """Writes the files of node `number` into its folder. `joins`: it enters a cluster that runs, and fetches its share."""
    conf = folder / "conf"
    for name in ("conf", "tmp"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    # JSON is YAML, too.
    (conf / "cassandra.yaml").write_text(json.dumps(yaml(folder, settings, number, joins), indent=1))
    (conf / "logback.xml").write_text(LOGBACK)
    (conf / "logback-tools.xml").write_text(LOGBACK_TOOLS)
    options = java_options(folder, settings, number, jars, joins) + archive_options
    (conf / "java.args").write_text("".join(f'"{option}"\n' for option in options))


def yaml(folder, settings, number, joins):
    # A node that is no seed gives up when no seed answers soon; a seed never fetches its share. So all are seeds but one
    # that joins, and that becomes one when it starts again.
    seeds = [node for node in settings.nodes if not (joins and node == number)]
    where = ",".join(f"{settings.address(node)}:{settings.storage_port}" for node in seeds)
    made = {
        "seed_provider": [{"class_name": "org.apache.cassandra.locator.SimpleSeedProvider", "parameters": [{"seeds": where}]}],
        "listen_address": settings.address(number),
        "storage_port": settings.storage_port,
        "rpc_address": settings.address(number),
        "native_transport_port": settings.port,
        "auto_bootstrap": joins,
        "data_file_directories": [str(folder / "data")],
        "commitlog_directory": str(folder / "commitlog"),
        "saved_caches_directory": str(folder / "saved_caches"),
        "hints_directory": str(folder / "hints"),
        "cdc_raw_directory": str(folder / "cdc_raw"),
    }
    if settings.nodes[number]:
        made["initial_token"] = ",".join(map(str, settings.nodes[number]))
    if settings.authentication:
        made |= {"authenticator": "PasswordAuthenticator", "authorizer": "CassandraAuthorizer"}
    if settings.tls:
        made["client_encryption_options"] = {
            "enabled": True,
            "optional": False,
            "keystore": str(folder.parent / "client.pem"),
            "ssl_context_factory": {"class_name": "org.apache.cassandra.security.PEMBasedSslContextFactory"},
        }
    return SMALL | settings.options | made


def java_options(folder, settings, number, jars, joins):
    agent = next(jar for jar in jars if jar.name.startswith("jamm-"))
    options = [
        f"-Xms{settings.heap}", f"-Xmx{settings.heap}", "-Xss512k", "-XX:+UseG1GC", "-XX:MaxDirectMemorySize=256m",
        "-XX:+ExitOnOutOfMemoryError", "-XX:+PerfDisableSharedMem", f"-XX:ErrorFile={folder}/java_error.log",
        f"-Djava.io.tmpdir={folder}/tmp", f"-Djna.tmpdir={folder}/tmp", f"-javaagent:{agent}", *MODULES,
        "-Djdk.attach.allowAttachSelf=true", "-Djava.net.preferIPv4Stack=true", "-Djava.rmi.server.hostname=127.0.0.1",
        "-Dio.netty.tryReflectionSetAccessible=true", "-Dio.netty.eventLoopThreads=2",
        f"-Dlogback.configurationFile=file://{folder}/conf/logback.xml",
    ]
    if not settings.full_jit:
        options.append("-XX:TieredStopAtLevel=1")
    cassandra = {
        "config": f"file://{folder}/conf/cassandra.yaml",
        "storagedir": folder,
        "logdir": folder,
        "jmx.local.port": settings.jmx_port(number),
        "available_processors": 2,
        "libjemalloc": "-",
        # Otherwise measured at each start, for a second.
        "memtable.row_overhead_size": 181,
        # Waits that are made for networks and machines which all run anew; a node that joins waits three of the first.
        "ring_delay_ms": 3000 if joins else 1000,
        "shutdown_announce_in_ms": 500,
        "superuser_setup_delay_ms": 0,
        # A hash of passwords that takes 1 ms rather than 100.
        "auth_bcrypt_gensalt_log2_rounds": 4,
        "consistent.rangemovement": "false",
        "consistent.simultaneousmoves.allow": "true",
    }
    for keyspace in ("auth", "distributed", "traces"):
        cassandra[f"system_{keyspace}.default_rf"] = settings.replicas_max
    if len(settings.nodes) == 1:
        cassandra["skip_wait_for_gossip_to_settle"] = 0
    else:
        cassandra |= {"gossip_settle_min_wait_ms": 500, "gossip_settle_interval_ms": 250,
                      "gossip_settle_poll_success_required": 2}
    options += [f"-Dcassandra.{name}={value}" for name, value in cassandra.items()]
    return options + ["-cp", ":".join(map(str, jars))]


def write_key(folder, certificate, key):
    """Key and certificates in one file, as Cassandra reads them, for the owner's eyes only."""
    path = folder / "client.pem"
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as target:
        for part in (key, certificate):
            with open(part, "rb") as source:
                shutil.copyfileobj(source, target)
            target.write(b"\n")
