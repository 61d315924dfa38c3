//! What is compared: a route table on a listener, its clusters, and the requests that are sent to it.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::Arc;

use lanecast::data_plane::balance::HashTable;
use lanecast::data_plane::{Cluster, Edge, HeaderMap, PathNormalization, Request, RouteTable};

use crate::upstream::ID;

/// The header whose number replaces the random one of a weighted pick (E-51).
pub(crate) const PICK: &str = "x-oracle-pick";
/// The address that clients of a listener seem to have dialled, unless the scene says another one.
pub(crate) const fn dialled() -> SocketAddrV4 {
    SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 1), 8443)
}

/// A listener and its requests.
#[derive(Clone, Debug)]
pub(crate) struct Scene {
    /// Where the table comes from, for people.
    pub(crate) name: String,
    pub(crate) edge: Edge,
    pub(crate) option: PathNormalization,
    /// The address that its clients seem to have dialled.
    pub(crate) dialled: SocketAddrV4,
    pub(crate) table: RouteTable,
    /// Every cluster that exists; endpoints are ports of this process.
    pub(crate) clusters: Arc<Vec<Cluster>>,
    /// Those of them that choose endpoints by hash.
    pub(crate) tables: HashTables,
    pub(crate) asked: Vec<Asked>,
}

/// A request as a client writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) host: String,
    pub(crate) path: String,
    /// Further lines in order.
    pub(crate) lines: Vec<(String, String)>,
    /// The number of the weighted pick.
    pub(crate) pick: u64,
}

/// Hash tables by the names of their clusters.
pub(crate) type HashTables = Arc<BTreeMap<String, HashTable>>;

/// Compiles the hash policies of clusters that have a choice.
pub(crate) fn hash_tables(clusters: &[Cluster]) -> HashTables {
    let choices = clusters.iter().filter(|cluster| cluster.endpoints().count() > 1);
    let tables = choices.filter_map(|cluster| {
        let table = HashTable::of_cluster(cluster)?;
        Some((cluster.name.clone(), table))
    });
    Arc::new(tables.collect())
}

// === impl Scene ===

impl Scene {
    /// Returns a cluster, if it exists.
    pub(crate) fn cluster(&self, name: &str) -> Option<&Cluster> {
        self.clusters.iter().find(|cluster| cluster.name == name)
    }

    /// Returns the name of the cluster that an address belongs to.
    pub(crate) fn owner(&self, address: &str) -> &str {
        let owns = |cluster: &&Cluster| cluster.endpoints().any(|e| e.address == address);
        self.clusters.iter().find(owns).map_or("?", |cluster| &cluster.name)
    }
}

// === impl Asked ===

impl Asked {
    /// Returns the bytes of the request.
    pub(crate) fn wire(&self, id: u64) -> String {
        let mut text = format!("{} {} HTTP/1.1\r\nhost: {}\r\n", self.method, self.path, self.host);
        for (name, value) in self.all_lines(id) {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str("\r\n");
        text
    }

    /// Returns the request as the data plane gets it.
    pub(crate) fn request(&self, id: u64) -> Request {
        let mut request = Request::get(self.host.clone(), self.path.clone());
        request.method.clone_from(&self.method);
        request.headers = HeaderMap::decode(self.all_lines(id));
        request
    }

    fn all_lines(&self, id: u64) -> impl Iterator<Item = (String, String)> {
        let own = [(ID.to_owned(), id.to_string()), (PICK.to_owned(), self.pick.to_string())];
        self.lines.iter().cloned().chain(own)
    }
}
