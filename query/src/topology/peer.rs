//! What stands at the ends of a call.

/// What a node of the topology is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NodeKind {
    /// A service that sends spans.
    Service,
    /// A database that a client span names.
    Database,
    /// A cache that a client span names.
    Cache,
    /// A topic or queue that messages went through.
    Queue,
    /// Something that was called and sends no spans.
    External,
    /// Whoever called without sending spans.
    User,
}

impl NodeKind {
    /// All kinds.
    pub const ALL: [Self; 6] = [
        Self::Service,
        Self::Database,
        Self::Cache,
        Self::Queue,
        Self::External,
        Self::User,
    ];

    /// The name in JSON, and in the table `edges`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Database => "database",
            Self::Cache => "cache",
            Self::Queue => "queue",
            Self::External => "external",
            Self::User => "user",
        }
    }
}

/// By what means a call was made; the names are those of Tempo's service graphs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConnectionType {
    /// A call between two services that both send spans.
    Rpc,
    /// A call of a database or cache.
    Database,
    /// A message.
    Messaging,
    /// A call of which one end sends no spans.
    VirtualNode,
}

impl ConnectionType {
    /// All means.
    pub const ALL: [Self; 4] = [
        Self::Rpc,
        Self::Database,
        Self::Messaging,
        Self::VirtualNode,
    ];

    /// The name in JSON, and in the table `edges`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rpc => "rpc",
            Self::Database => "database",
            Self::Messaging => "messaging_system",
            Self::VirtualNode => "virtual_node",
        }
    }
}

/// Databases that are asked by key and hold nothing for long.
const CACHES: [&str; 5] = ["redis", "memcached", "valkey", "hazelcast", "ehcache"];

/// Whether a database of this kind is a cache.
pub(super) fn is_cache(system: &str) -> bool {
    CACHES
        .iter()
        .any(|cache| system.eq_ignore_ascii_case(cache))
}
