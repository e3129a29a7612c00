//! Shared operands, kept packed for the next unit of their job.

use std::rc::Rc;

use adit_core::encoding::{self, Canonical};
use adit_core::kernel::PackedLayers;
use adit_core::kernel::engine::{Engine, EngineError};
use adit_core::kernel::float::FloatMatrix;
use adit_core::unit::{Layer, Operand};
use adit_core::{Cid, Kind, Unit};
use serde::Serialize;

/// The kept operands, least recently used first.
pub(super) struct Shared<E: Engine>(Vec<KeptOperands<E>>);

struct KeptOperands<E: Engine> {
    name: Cid,
    bytes: u64,
    operands: Operands<E>,
}

/// What a unit shares with the others of its job. Cheap to clone.
enum Operands<E: Engine> {
    /// Of int8 products.
    Integers(Rc<PackedLayers<E::Packed>>),
    /// Of an f32 product.
    Floats(Rc<E::PackedFloats>),
}

impl<E: Engine> Clone for Operands<E> {
    fn clone(&self) -> Self {
        match self {
            Operands::Integers(prepared) => Operands::Integers(prepared.clone()),
            Operands::Floats(packed) => Operands::Floats(packed.clone()),
        }
    }
}

/// How many operands are kept packed, in bytes of their blocks.
const KEPT_BYTES: u64 = 256 << 20;

impl<E: Engine> Shared<E> {
    pub(super) fn new() -> Self {
        Shared(Vec::new())
    }

    /// The weights of int8 products.
    pub(super) fn integers<'a>(
        &mut self,
        engine: &E,
        unit: &Unit,
        block: impl Fn(&Cid) -> Option<&'a [u8]>,
    ) -> Result<Rc<PackedLayers<E::Packed>>, EngineError> {
        let pack = |b: &[i8], k, n| engine.pack(b, k, n);
        let packed =
            || Ok(Operands::Integers(Rc::new(PackedLayers::new(&unit.weights(), unit.layers(), block, pack)?)));
        match self.get_or_pack(unit, packed)? {
            Operands::Integers(prepared) => Ok(prepared),
            Operands::Floats(..) => Err(of_another_kind()),
        }
    }

    /// The right operand of an f32 product.
    pub(super) fn floats<'a>(
        &mut self,
        engine: &E,
        unit: &Unit,
        right: &Operand,
        block: impl Fn(&Cid) -> Option<&'a [u8]>,
    ) -> Result<Rc<E::PackedFloats>, EngineError> {
        let packed = || Ok(Operands::Floats(Rc::new(engine.pack_floats(FloatMatrix::gather(right, block)?)?)));
        match self.get_or_pack(unit, packed)? {
            Operands::Floats(packed) => Ok(packed),
            Operands::Integers(_) => Err(of_another_kind()),
        }
    }

    fn get_or_pack(
        &mut self,
        unit: &Unit,
        pack: impl FnOnce() -> Result<Operands<E>, EngineError>,
    ) -> Result<Operands<E>, EngineError> {
        let name = shared_name(unit);
        if let Some(place) = self.0.iter().position(|kept| kept.name == name) {
            let kept = self.0.remove(place);
            let operands = kept.operands.clone();
            self.0.push(kept);
            return Ok(operands);
        }
        let bytes = unit.weights().iter().map(|weight| weight.bytes()).sum();
        while !self.0.is_empty() && self.0.iter().map(|kept| kept.bytes).sum::<u64>() + bytes > KEPT_BYTES {
            self.0.remove(0);
        }
        let operands = pack()?;
        self.0.push(KeptOperands { name, bytes, operands: operands.clone() });
        Ok(operands)
    }
}

/// Cannot happen, because the name includes the kind.
fn of_another_kind() -> EngineError {
    EngineError::Refused("the packed operands are of another kind".into())
}

/// Identifies what a unit shares with the others of its job. The same blocks may be operands of several kinds, and a gradient's
/// layers have scales that a perceptron's lack.
#[derive(Serialize)]
struct SharedName<'a> {
    kind: Kind,
    weights: Vec<&'a Operand>,
    layers: &'a [Layer],
}

impl Canonical for SharedName<'_> {}

fn shared_name(unit: &Unit) -> Cid {
    encoding::cid_of(&SharedName { kind: unit.kind(), weights: unit.weights(), layers: unit.layers() })
}
