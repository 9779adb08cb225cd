//! `Resource` and `InstrumentationScope`, found within the message that holds their spans.

use super::attribute::read_attribute;
use super::{RESOURCE_SPANS_FIELDS, SCOPE_SPANS_FIELDS};
use crate::draft::{DraftEntityRef, ResourceDraft, ScopeDraft};
use crate::protobuf::{Depth, KnownFields, Malformed, Wire};

/// `Resource`: attributes, dropped_attributes_count, entity_refs.
const RESOURCE_FIELDS: KnownFields = KnownFields::of(&[1, 2, 3]);
/// `EntityRef`: schema_url, type, id_keys, description_keys.
const ENTITY_REF_FIELDS: KnownFields = KnownFields::of(&[1, 2, 3, 4]);
/// `InstrumentationScope`: name, version, attributes, dropped_attributes_count.
const SCOPE_FIELDS: KnownFields = KnownFields::of(&[1, 2, 3, 4]);

/// Reads everything of a `ResourceSpans` but its spans.
pub(super) fn read_resource(
    resource_spans: &[u8],
    depth: Depth,
) -> Result<ResourceDraft<'_>, Malformed> {
    let mut draft = ResourceDraft::default();
    let mut wire = Wire::new(resource_spans);
    while !wire.is_empty() {
        match wire.key()? {
            0x0a => merge_resource(&mut draft, wire.bytes()?, depth.enter()?)?,
            0x12 => drop(wire.bytes()?),
            0x1a => draft.schema_url = wire.bytes()?,
            other => wire.skip(other, RESOURCE_SPANS_FIELDS, depth)?,
        }
    }
    Ok(draft)
}

fn merge_resource<'a>(
    draft: &mut ResourceDraft<'a>,
    bytes: &'a [u8],
    depth: Depth,
) -> Result<(), Malformed> {
    let mut wire = Wire::new(bytes);
    while !wire.is_empty() {
        match wire.key()? {
            0x0a => {
                let attribute = read_attribute(wire.bytes()?, depth.enter()?, &mut draft.nested)?;
                draft.attributes.push(attribute);
            }
            0x10 => draft.dropped_attributes_count = wire.uint32()?,
            0x1a => draft
                .entity_refs
                .push(&read_entity_ref(wire.bytes()?, depth.enter()?)?),
            other => wire.skip(other, RESOURCE_FIELDS, depth)?,
        }
    }
    Ok(())
}

fn read_entity_ref(bytes: &[u8], depth: Depth) -> Result<DraftEntityRef<'_>, Malformed> {
    let mut entity = DraftEntityRef::default();
    let mut wire = Wire::new(bytes);
    while !wire.is_empty() {
        match wire.key()? {
            0x0a => entity.schema_url = wire.bytes()?,
            0x12 => entity.entity_type = wire.bytes()?,
            0x1a => entity.id_keys.push(wire.bytes()?),
            0x22 => entity.description_keys.push(wire.bytes()?),
            other => wire.skip(other, ENTITY_REF_FIELDS, depth)?,
        }
    }
    Ok(entity)
}

/// Reads everything of a `ScopeSpans` but its spans.
pub(super) fn read_scope(scope_spans: &[u8], depth: Depth) -> Result<ScopeDraft<'_>, Malformed> {
    let mut draft = ScopeDraft::default();
    let mut wire = Wire::new(scope_spans);
    while !wire.is_empty() {
        match wire.key()? {
            0x0a => merge_scope(&mut draft, wire.bytes()?, depth.enter()?)?,
            0x12 => drop(wire.bytes()?),
            0x1a => draft.schema_url = wire.bytes()?,
            other => wire.skip(other, SCOPE_SPANS_FIELDS, depth)?,
        }
    }
    Ok(draft)
}

fn merge_scope<'a>(
    draft: &mut ScopeDraft<'a>,
    bytes: &'a [u8],
    depth: Depth,
) -> Result<(), Malformed> {
    let mut wire = Wire::new(bytes);
    while !wire.is_empty() {
        match wire.key()? {
            0x0a => draft.name = wire.bytes()?,
            0x12 => draft.version = wire.bytes()?,
            0x1a => {
                let attribute = read_attribute(wire.bytes()?, depth.enter()?, &mut draft.nested)?;
                draft.attributes.push(attribute);
            }
            0x20 => draft.dropped_attributes_count = wire.uint32()?,
            other => wire.skip(other, SCOPE_FIELDS, depth)?,
        }
    }
    Ok(())
}
