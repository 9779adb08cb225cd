//! The messages of a request, borrowing their texts from it.

use serde::Deserialize;

use super::scalar::{EnumNumber, HexId};
use super::value::AnyValue;
use crate::json::{List, Text, Unsigned32, Unsigned64};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(super) struct Request<'a> {
    #[serde(alias = "resource_spans")]
    pub(super) resource_spans: List<ResourceSpans<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(super) struct ResourceSpans<'a> {
    pub(super) resource: Option<Resource<'a>>,
    #[serde(alias = "scope_spans")]
    pub(super) scope_spans: List<ScopeSpans<'a>>,
    #[serde(alias = "schema_url")]
    pub(super) schema_url: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(super) struct Resource<'a> {
    pub(super) attributes: List<KeyValue<'a>>,
    #[serde(alias = "dropped_attributes_count")]
    pub(super) dropped_attributes_count: Unsigned32,
    #[serde(alias = "entity_refs")]
    pub(super) entity_refs: List<EntityRef<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(super) struct EntityRef<'a> {
    #[serde(alias = "schema_url")]
    pub(super) schema_url: Text<'a>,
    #[serde(rename = "type")]
    pub(super) entity_type: Text<'a>,
    #[serde(alias = "id_keys")]
    pub(super) id_keys: List<Text<'a>>,
    #[serde(alias = "description_keys")]
    pub(super) description_keys: List<Text<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(super) struct ScopeSpans<'a> {
    pub(super) scope: Option<Scope<'a>>,
    pub(super) spans: List<Span<'a>>,
    #[serde(alias = "schema_url")]
    pub(super) schema_url: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(super) struct Scope<'a> {
    pub(super) name: Text<'a>,
    pub(super) version: Text<'a>,
    pub(super) attributes: List<KeyValue<'a>>,
    #[serde(alias = "dropped_attributes_count")]
    pub(super) dropped_attributes_count: Unsigned32,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(super) struct Span<'a> {
    #[serde(alias = "trace_id")]
    pub(super) trace_id: HexId<16>,
    #[serde(alias = "span_id")]
    pub(super) span_id: HexId<8>,
    #[serde(alias = "parent_span_id")]
    pub(super) parent_span_id: HexId<8>,
    #[serde(alias = "trace_state")]
    pub(super) trace_state: Text<'a>,
    pub(super) flags: Unsigned32,
    pub(super) name: Text<'a>,
    #[serde(deserialize_with = "EnumNumber::span_kind")]
    pub(super) kind: EnumNumber,
    #[serde(alias = "start_time_unix_nano")]
    pub(super) start_time_unix_nano: Unsigned64,
    #[serde(alias = "end_time_unix_nano")]
    pub(super) end_time_unix_nano: Unsigned64,
    pub(super) attributes: List<KeyValue<'a>>,
    #[serde(alias = "dropped_attributes_count")]
    pub(super) dropped_attributes_count: Unsigned32,
    pub(super) events: List<Event<'a>>,
    #[serde(alias = "dropped_events_count")]
    pub(super) dropped_events_count: Unsigned32,
    pub(super) links: List<Link<'a>>,
    #[serde(alias = "dropped_links_count")]
    pub(super) dropped_links_count: Unsigned32,
    pub(super) status: Option<Status<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Status<'a> {
    pub(super) message: Text<'a>,
    #[serde(deserialize_with = "EnumNumber::status_code")]
    pub(super) code: EnumNumber,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(super) struct Event<'a> {
    #[serde(alias = "time_unix_nano")]
    pub(super) time_unix_nano: Unsigned64,
    pub(super) name: Text<'a>,
    pub(super) attributes: List<KeyValue<'a>>,
    #[serde(alias = "dropped_attributes_count")]
    pub(super) dropped_attributes_count: Unsigned32,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(super) struct Link<'a> {
    #[serde(alias = "trace_id")]
    pub(super) trace_id: HexId<16>,
    #[serde(alias = "span_id")]
    pub(super) span_id: HexId<8>,
    #[serde(alias = "trace_state")]
    pub(super) trace_state: Text<'a>,
    pub(super) attributes: List<KeyValue<'a>>,
    #[serde(alias = "dropped_attributes_count")]
    pub(super) dropped_attributes_count: Unsigned32,
    pub(super) flags: Unsigned32,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct KeyValue<'a> {
    pub(super) key: Text<'a>,
    pub(super) value: AnyValue<'a>,
}
