"""A cluster: a folder with cluster.json and a folder for each node. One process at a time may change it."""

from cassandra_cluster import ClusterError, archive, files, ports, processes
from cassandra_cluster.node import Node
from cassandra_cluster.settings import Settings, even_tokens

CLAIM_SECONDS_MAX = 30


class Cluster:
    """The cluster that is in `folder`. Nodes are numbered from 1; node I listens on 127.0.0.I."""

    def __init__(self, folder):
        self.folder = folder.resolve()
        self._held = None  # the socket that holds the ports
        try:
            self.settings = Settings.load(self._file)
        except FileNotFoundError:
            raise ClusterError(f"there is no cluster in {folder}: make one by "
                               f"`tools/cassandra start --folder {folder}`") from None

    @staticmethod
    def create(folder, nodes=1, port=None, certificate=None, key=None, owner=None, **settings):
        """A new cluster, whose nodes do not run yet. What an earlier one left in the folder is removed; it may not run.
        `owner` is a pid: no node survives that process. `settings` are further fields of Settings."""
        if not 1 <= nodes <= ports.NODES_MAX:
            raise ClusterError(f"{nodes} nodes: choose 1 to {ports.NODES_MAX}")
        if port is not None and not 1024 <= port <= 65536 - ports.BLOCK:
            raise ClusterError(f"port {port}: choose 1024 to {65536 - ports.BLOCK}, since the {ports.BLOCK - 1} after it "
                               "are used as well")
        if (certificate is None) != (key is None):
            raise ClusterError("a certificate and its key go together: give both or none")
        folder = folder.resolve()
        remove_former(folder)
        folder.mkdir(parents=True, exist_ok=True)
        if certificate is not None:
            files.write_key(folder, certificate, key)
        port, held = ports.claim(port) if port else ports.claim_free()
        tokens = {number: even_tokens(number, nodes) for number in range(1, nodes + 1)}
        made = Settings(port, tokens, replicas_max=min(nodes, 3), tls=certificate is not None,
                        owner=processes.identify(owner) if owner else None, **settings)
        made.save(folder / "cluster.json")
        cluster = Cluster(folder)
        cluster._held = held
        return cluster

    @property
    def _file(self):
        return self.folder / "cluster.json"

    @property
    def contact_points(self):
        return self.settings.contact_points

    def nodes(self):
        return [Node(self.folder, self.settings, number) for number in self.settings.nodes]

    def node(self, number):
        if number not in self.settings.nodes:
            known = ", ".join(map(str, self.settings.nodes))
            raise ClusterError(f"there is no node {number} in {self.folder}; there are {known}")
        return Node(self.folder, self.settings, number)

    def start(self):
        """Starts all nodes that are down, and returns once each sees all the others. Where that fails they are killed."""
        down = [node for node in self.nodes() if node.pid() is None]
        try:
            self._launch(down)
            self._wait()
        except BaseException:
            for node in down:
                node.kill()
            raise

    def start_node(self, number):
        """Starts a node, and returns once it serves; if all others run, once each sees all the others."""
        node = self.node(number)
        self._launch([node])
        node.wait_until_up()
        if all(other.state() == "up" for other in self.nodes()):
            self._wait()

    def add(self):
        """A further node, which fetches its share from the others, all of which must run. Returns its number."""
        number = next((n for n in range(1, ports.NODES_MAX + 1) if n not in self.settings.nodes), None)
        if number is None:
            raise ClusterError(f"the cluster has {ports.NODES_MAX} nodes, and cannot have more")
        self._expect_all_up()
        self.settings.nodes[number] = None
        node = self.node(number)
        try:
            self._launch([node], joins=True)
            self._wait()
        except BaseException:
            node.forget()
            raise
        self.settings.save(self._file)
        return number

    def decommission(self, number):
        """The node hands its share to the others, all of which must run, and leaves for good."""
        node = self.node(number)
        if len(self.settings.nodes) == 1:
            raise ClusterError(f"{node} is the last one, and cannot leave: stop it instead")
        self._expect_all_up()
        # By force, since there may be more replicas than there will be nodes.
        status, said = node.nodetool("decommission", "--force")
        if status != 0:
            raise ClusterError(f"{node} could not leave:\n{said}")
        node.forget()
        del self.settings.nodes[number]
        self.settings.save(self._file)

    def stop(self):
        for node in self.nodes():
            node.begin_stop()
        for node in self.nodes():
            node.stop()

    def kill(self):
        for node in self.nodes():
            node.kill()

    def _launch(self, nodes, joins=False):
        if not nodes:
            return
        options = archive.options()
        if self._held is None and all(node.pid() is None for node in self.nodes()):
            self._held = ports.claim_again(self.settings.port, CLAIM_SECONDS_MAX)
        for node in nodes:
            node.launch(self._held, joins, options)

    def _expect_all_up(self):
        for node in self.nodes():
            if (state := node.state()) != "up":
                raise ClusterError(f"{node} is {state}, and every node takes part when one joins or leaves: start or "
                                   "resume it")

    def _wait(self):
        for node in self.nodes():
            node.wait_until_up()
        for node in self.nodes():
            node.wait_until_meshed()


def remove_former(folder):
    """Removes what `create` and the nodes wrote there, and nothing else."""
    if not (folder / "cluster.json").exists():
        return
    former = Cluster(folder)
    if running := [str(node) for node in former.nodes() if node.pid() is not None]:
        raise ClusterError(f"of the cluster in {folder} {' and '.join(running)} still run: stop it, or choose another "
                           "--folder")
    for node in former.nodes():
        node.forget()
    for name in ("client.pem", "cluster.json"):
        (folder / name).unlink(missing_ok=True)
