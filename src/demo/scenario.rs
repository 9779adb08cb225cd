//! The words a scenario is written in: services, operations, the steps of an operation, and what
//! goes wrong when. [`journeys::SHOP`] is the scenario that `spanhouse demo` plays.
//!
//! A scenario is `static` data whose parts refer to each other, so the compiler proves that every
//! call has a callee.

pub(super) mod journeys;
pub(super) mod peers;
pub(super) mod services;
pub(super) mod shop;

/// A log-normal distribution of durations.
#[derive(Clone, Copy, Debug)]
pub(super) struct Latency {
    /// The median, in milliseconds.
    pub median_ms: f64,
    /// The standard deviation of the logarithm; 0.3 gives a p99 of twice the median, 0.8 of six
    /// times.
    pub spread: f64,
}

/// A latency with the usual spread of a healthy service.
pub(super) const fn ms(median_ms: f64) -> Latency {
    Latency {
        median_ms,
        spread: 0.35,
    }
}

/// A latency with a long tail.
pub(super) const fn tailed(median_ms: f64) -> Latency {
    Latency {
        median_ms,
        spread: 0.8,
    }
}

/// The language run time of a service, which decides its resource and its instrumentation scopes.
#[derive(Debug)]
pub(super) struct Runtime {
    pub language: &'static str,
    pub sdk_version: &'static str,
    /// `process.runtime.name` and `process.runtime.version`.
    pub process: (&'static str, &'static str),
    pub scope_version: &'static str,
    pub http_scope: &'static str,
    pub rpc_scope: &'static str,
    pub database_scope: &'static str,
    pub messaging_scope: &'static str,
}

/// One deployed program.
#[derive(Debug)]
pub(super) struct Service {
    pub name: &'static str,
    pub version: &'static str,
    pub runtime: &'static Runtime,
    /// How many pods run it.
    pub instances: u8,
    pub port: u16,
}

/// How a request enters a service.
#[derive(Debug)]
pub(super) enum Entry {
    Http {
        method: &'static str,
        route: &'static str,
    },
    Rpc {
        service: &'static str,
        method: &'static str,
    },
    /// A consumer takes one message, or a batch of them.
    Message { queue: &'static Queue },
}

/// A unit of work that a service offers, with all that it does for one request.
#[derive(Debug)]
pub(super) struct Operation {
    pub service: &'static Service,
    pub entry: Entry,
    /// The service's own work, beside its steps.
    pub work: Latency,
    pub steps: &'static [Step],
    pub faults: &'static [Fault],
    /// The business attributes that its span carries.
    pub notes: &'static [Note],
}

/// What an operation does, in order.
#[derive(Debug)]
pub(super) enum Step {
    Call(&'static Operation),
    Query(&'static Query),
    Fetch(&'static Fetch),
    Publish(&'static Publish),
    Compute {
        name: &'static str,
        work: Latency,
    },
    /// The step, in this share of the requests.
    Sometimes(f64, &'static Step),
    /// The steps, all at once.
    Together(&'static [Step]),
    /// The step once for each item of the order.
    PerItem(&'static Step),
    /// The step, whose failure the operation survives.
    Tolerating(&'static Step),
}

/// A database, seen from its clients only.
#[derive(Debug)]
pub(super) struct Database {
    /// `db.system.name`.
    pub system: &'static str,
    pub host: &'static str,
    pub port: u16,
    pub namespace: &'static str,
}

/// One statement or command to a database.
#[derive(Debug)]
pub(super) struct Query {
    pub database: &'static Database,
    pub operation: &'static str,
    /// The table; empty for databases without tables.
    pub collection: &'static str,
    pub text: &'static str,
    pub latency: Latency,
    pub faults: &'static [Fault],
}

/// An HTTP request to somebody else's host, from which no spans come.
#[derive(Debug)]
pub(super) struct Fetch {
    pub method: &'static str,
    pub host: &'static str,
    pub path: &'static str,
    pub latency: Latency,
    pub faults: &'static [Fault],
}

/// A topic or a queue of a broker.
#[derive(Debug)]
pub(super) struct Queue {
    /// `messaging.system`: `kafka` or `rabbitmq`.
    pub system: &'static str,
    pub destination: &'static str,
    pub host: &'static str,
    pub port: u16,
    pub consumer_group: &'static str,
}

/// The sending of one message.
#[derive(Debug)]
pub(super) struct Publish {
    pub queue: &'static Queue,
    pub latency: Latency,
    pub delivery: Delivery,
}

/// How a message reaches its consumer.
#[derive(Debug)]
pub(super) enum Delivery {
    /// Soon and alone: the consumer's span continues the trace and links to the sender.
    Single {
        consumer: &'static Operation,
        wait: Latency,
    },
    /// In a batch: the consumer starts a trace of its own that links to all senders.
    Batched,
}

/// One way to fail, with the exception that is recorded.
#[derive(Debug)]
pub(super) struct Fault {
    /// The share of the executions that fail so.
    pub chance: f64,
    pub exception: &'static str,
    pub message: &'static str,
    /// The status that an HTTP entry answers; under 500 it is the caller's fault and the server's
    /// span is no error.
    pub http_status: u16,
    /// The status that a gRPC entry answers.
    pub rpc_status: &'static str,
    /// How much longer a failing execution takes: a timeout waits, a refusal is quick.
    pub slower: f64,
}

/// A business attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Note {
    Product,
    Search,
    Cart,
    Order,
    Customer,
    Flag,
}

/// A time, again and again, in which a peer is slow and fails more often.
#[derive(Debug)]
pub(super) struct Spell {
    /// The name of a service, or the host of a database or of an external peer.
    pub peer: &'static str,
    pub every_s: u64,
    pub from_s: u64,
    pub lasting_s: u64,
    pub slower: f64,
    pub more_faults: f64,
}

impl Spell {
    /// Whether the spell is on, so many seconds after the start of the traffic.
    pub(super) fn is_on(&self, elapsed_s: u64) -> bool {
        let phase = elapsed_s % self.every_s;
        (self.from_s..self.from_s + self.lasting_s).contains(&phase)
    }
}

/// A user's request and how often it comes.
#[derive(Debug)]
pub(super) struct Journey {
    pub weight: f64,
    pub operation: &'static Operation,
}

/// A consumer of batches, and how many messages it waits for.
#[derive(Debug)]
pub(super) struct BatchConsumer {
    pub operation: &'static Operation,
    pub messages: usize,
}

/// Everything the generator plays.
#[derive(Debug)]
pub(super) struct Scenario {
    pub services: &'static [&'static Service],
    pub journeys: &'static [Journey],
    pub batch_consumer: &'static BatchConsumer,
    pub spells: &'static [Spell],
}
