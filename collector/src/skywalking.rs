//! SkyWalking's agents, protocol version 3, over gRPC.
//!
//! A segment is what one thread did for one trace: its spans are numbered from 0, and one of them,
//! without a parent among them, may refer to a span of another segment. It becomes spans so:
//!
//! - *Ids.* A trace id of 32 hexadecimal digits is taken as it is; any other text gives the first
//!   16 bytes of its SHA-256. A span id is the first 8 bytes of the SHA-256 of the segment's id
//!   and the span's number in four bytes, big-endian. What was sent stays in the attributes
//!   `skywalking.trace_id`, `skywalking.segment_id` and `skywalking.span_id`.
//! - *Parents.* A span of its own segment; else the span that the first reference within the same
//!   trace names, and the reference's other texts are attributes `skywalking.ref.*`. All other
//!   references are links with the same attributes and `opentracing.ref_type`: `child_of` across
//!   processes, `follows_from` across threads.
//! - *Kinds.* Entry is a server, exit a client, local internal; with the layer MQ entry is a
//!   consumer and exit a producer. The layer is `skywalking.layer`, the component's number
//!   `skywalking.component_id`.
//! - *The other side.* A peer `address:port` or an address alone is `network.peer.address` and
//!   `network.peer.port`. A host's name with a port is `server.address` and `server.port`, on an
//!   entry `client.address` and `client.port`. Any other text, such as a list of brokers, is
//!   `peer.service`.
//! - *Logs* are events, named by their field `event`, or `message`, or else by the key of their
//!   first field. Tags are attributes as sent. An error is a status.
//! - *The service* is the resource's `service.name`, its instance `service.instance.id`.
//!
//! What agents report besides segments (properties, heartbeats, metrics, logs, profiles) is
//! answered and forgotten, so that they stay quiet.

mod grpc;

mod segment;

mod attribute;
mod identity;
mod peer;
mod reference;
mod span;

pub use grpc::serve;
pub use segment::{decode_segment, decode_segments};

#[cfg(test)]
mod messages;
