//! Shared operands, kept packed for the next unit of their job.

use std::rc::Rc;

use adit_core::kernel::PackedLayers;
use adit_core::kernel::engine::{Engine, EngineError};
use adit_core::kernel::float::FloatMatrix;
use adit_core::unit::Operand;
use adit_core::{Cid, Unit};

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
        match self.kept(unit) {
            Some(Operands::Integers(packed)) => return Ok(packed),
            Some(Operands::Floats(_)) => return Err(of_another_kind()),
            None => {}
        }
        let packed = PackedLayers::new(&unit.weights(), unit.layers(), block, |b, k, n| engine.pack(b, k, n))?;
        let packed = Rc::new(packed);
        self.keep(unit, Operands::Integers(packed.clone()));
        Ok(packed)
    }

    /// The right operand of an f32 product.
    pub(super) fn floats<'a>(
        &mut self,
        engine: &E,
        unit: &Unit,
        right: &Operand,
        block: impl Fn(&Cid) -> Option<&'a [u8]>,
    ) -> Result<Rc<E::PackedFloats>, EngineError> {
        match self.kept(unit) {
            Some(Operands::Floats(packed)) => return Ok(packed),
            Some(Operands::Integers(_)) => return Err(of_another_kind()),
            None => {}
        }
        let packed = Rc::new(engine.pack_floats(FloatMatrix::gather(right, block)?)?);
        self.keep(unit, Operands::Floats(packed.clone()));
        Ok(packed)
    }

    /// What is kept for `unit`, if anything. Makes room for it otherwise.
    fn kept(&mut self, unit: &Unit) -> Option<Operands<E>> {
        let name = shared_name(unit);
        if let Some(place) = self.0.iter().position(|kept| kept.name == name) {
            let kept = self.0.remove(place);
            let operands = kept.operands.clone();
            self.0.push(kept);
            return Some(operands);
        }
        let bytes = bytes_of(unit);
        while !self.0.is_empty() && self.0.iter().map(|kept| kept.bytes).sum::<u64>() + bytes > KEPT_BYTES {
            self.0.remove(0);
        }
        None
    }

    fn keep(&mut self, unit: &Unit, operands: Operands<E>) {
        self.0.push(KeptOperands { name: shared_name(unit), bytes: bytes_of(unit), operands });
    }
}

fn bytes_of(unit: &Unit) -> u64 {
    unit.weights().iter().map(|weight| weight.bytes()).sum()
}

/// Cannot happen, because the name includes the kind.
fn of_another_kind() -> EngineError {
    EngineError::Refused("the packed operands are of another kind".into())
}

/// Identifies what a unit shares with the others of its job: the unit without its own rows.
fn shared_name(unit: &Unit) -> Cid {
    unit.run(0, 0).cid()
}
