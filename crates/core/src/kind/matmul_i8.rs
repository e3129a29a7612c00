//! `matmul_i8/1`: the exact product of two int8 matrices.
//!
//! C_ij = Σ_l A_il · B_lj in i32. With k ≤ 131 071 no sum can leave i32 (k · 128² < 2^31), so the order of summation does
//! not matter and every backend gives the same bits. The output is C, little-endian, row by row.

use alloc::vec;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::facts::{Facts, MULTIPLY_ACCUMULATES, Primitive, ResultForm};
use super::int8::{self, Int8};
use super::name::Kind;
use super::workload::Workload;
use crate::amount::Amount;
use crate::content_id::Cid;
use crate::kernel::inputs::MissingBlock;
use crate::kernel::product::Product;
use crate::sign::LeaseId;
use crate::task_type::TaskType;
use crate::unit::error::UnitError;
use crate::unit::layer::{MAX_K, validate_weight};
use crate::unit::operand::{MAX_ROWS, Operand};
use crate::vectors::digest::digest;
use crate::vectors::product::Vector;

pub(crate) const FACTS: Facts = Facts {
    name: "matmul_i8/1",
    work_unit: MULTIPLY_ACCUMULATES,
    primitive: Primitive::Int8,
    price: Amount::from_nano(1_000),
    first_work: 1 << 26,
    slowest: 1 << 22,
    max_rows: MAX_K,
    task_type: TaskType::MatrixOps,
    other_task_types: &[],
    summary: "Exact product of two int8 matrices",
    result: ResultForm::Integers,
};

/// C = A · B.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MatmulI8 {
    /// m × k: a run of the job's panels.
    pub a: Operand,
    /// k × n, shared by the job's units.
    pub b: Operand,
}

impl Workload for MatmulI8 {
    const KIND: Kind = Kind::MatmulI8;

    fn input(&self) -> &Operand {
        &self.a
    }

    fn weights(&self) -> Vec<&Operand> {
        vec![&self.b]
    }

    fn run(&self, first: u32, count: u32) -> Self {
        MatmulI8 { a: self.a.run(first, count), b: self.b.clone() }
    }

    fn validate(&self) -> Result<(), UnitError> {
        self.a.validate(MAX_ROWS)?;
        validate_weight(&self.b, self.a.cols)
    }

    fn output_width(&self) -> u64 {
        u64::from(self.b.cols)
    }

    fn work(&self) -> u64 {
        int8::work(&int8::forwards(self))
    }

    fn check_work(&self) -> u64 {
        int8::check_work(&int8::forwards(self))
    }

    fn output<'a, P: Product>(
        &self,
        product: &P,
        _: &LeaseId,
        block: impl Fn(&Cid) -> Option<&'a [u8]>,
    ) -> Result<Vec<u8>, MissingBlock> {
        int8::output(self, product, block)
    }
}

impl Int8 for MatmulI8 {}

/// The start-up vectors. Edges: one value, k odd, one row, one column, k over several cache blocks.
pub const VECTORS: &[Vector] = &[
    Vector {
        name: "matmul 1x1x1",
        seed: 1,
        rows: 1,
        dims: &[1, 1],
        gradient: false,
        sha256: digest("74918fd46bdeaf3aebace99f5aabde93b8e39bce81ddef0300ced53eedf28910"),
    },
    Vector {
        name: "matmul 3x7x5",
        seed: 2,
        rows: 3,
        dims: &[7, 5],
        gradient: false,
        sha256: digest("d95426a435c608a2c7fafa0c2b160089816f0dfcdfae5b427ad3dda1ef4a4fd2"),
    },
    Vector {
        name: "matmul 1x129x1",
        seed: 3,
        rows: 1,
        dims: &[129, 1],
        gradient: false,
        sha256: digest("3a898023ad310307f8835797bd5a9b4eee31fe6564f3915f4a55fd22124b2626"),
    },
    Vector {
        name: "matmul 33x257x65",
        seed: 4,
        rows: 33,
        dims: &[257, 65],
        gradient: false,
        sha256: digest("7ada9d3fc1189d28cf1300d50930eae17b95270eb09fcebb51481efe47021899"),
    },
    Vector {
        name: "matmul 5x1024x40",
        seed: 5,
        rows: 5,
        dims: &[1024, 40],
        gradient: false,
        sha256: digest("42e292708708ab671af1f002d9373810ccf0ec7f18803a89f619fda4de987c23"),
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::split::ones;
    use crate::unit::Unit;

    #[test]
    fn dimensions_that_do_not_fit_are_refused() {
        let refused = |a: Operand, b: Operand| Unit::MatmulI8(MatmulI8 { a, b }).validate().unwrap_err();
        assert_eq!(refused(ones(5, 4, 2), ones(5, 3, 4)), UnitError::Mismatch);
        let mut short = ones(5, 4, 2);
        short.panels.pop();
        assert_eq!(refused(short, ones(4, 3, 4)), UnitError::Panels);
        let zero = Operand { rows: 0, ..ones(5, 4, 2) };
        assert_eq!(refused(zero, ones(4, 3, 4)), UnitError::Dimension);
        let wide = Operand { rows: 1, cols: MAX_K + 1, panel_rows: 1, panels: ones(1, 1, 1).panels };
        let tall = Operand { rows: MAX_K + 1, cols: 1, panel_rows: MAX_K + 1, panels: ones(1, 1, 1).panels };
        assert_eq!(refused(wide, tall), UnitError::Dimension);
        let mut foreign = ones(5, 4, 2);
        foreign.panels[0] = crate::content_id::output_cid([0; 32]);
        assert_eq!(refused(foreign, ones(4, 3, 4)), UnitError::Block);
    }
}
