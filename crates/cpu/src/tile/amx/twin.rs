//! The tile registers in plain code, following the manual's pseudocode (volume 2: LDTILECFG, TDPBSSD, TILELOADD,
//! TILERELEASE, TILESTORED, TILEZERO). It panics where the processor would fault.

use std::cell::RefCell;

use super::{ROW_BYTES, ROWS, Sizes, Tiles};

#[derive(Clone, Copy, Debug)]
pub(super) struct Twin;

struct Registers {
    sizes: Sizes,
    values: [[[u8; ROW_BYTES]; ROWS]; 8],
}

thread_local! { static REGISTERS: RefCell<Option<Registers>> = const { RefCell::new(None) }; }

/// Panics unless the registers are configured.
fn with<R>(work: impl FnOnce(&mut Registers) -> R) -> R {
    REGISTERS.with_borrow_mut(|registers| work(registers.as_mut().expect("the registers are configured")))
}

impl Twin {
    pub(super) fn is_configured() -> bool {
        REGISTERS.with_borrow(Option::is_some)
    }
}

impl Tiles for Twin {
    unsafe fn configure(sizes: &Sizes) {
        let (used, reserved) = (..8, 8..);
        assert!(sizes.palette == 1 && sizes.start_row == 0 && sizes.reserved == [0; 14]);
        assert!(sizes.rows[reserved.clone()] == [0; 8] && sizes.row_bytes[reserved] == [0; 8]);
        assert!(sizes.rows[used].iter().all(|rows| (1..=ROWS as u8).contains(rows)));
        assert!(sizes.row_bytes[used].iter().all(|bytes| (1..=ROW_BYTES as u16).contains(bytes)));
        REGISTERS.set(Some(Registers { sizes: *sizes, values: [[[0; ROW_BYTES]; ROWS]; 8] }));
    }

    unsafe fn release() {
        REGISTERS.set(None);
    }

    unsafe fn zero<const REGISTER: usize>() {
        with(|registers| registers.values[REGISTER] = [[0; ROW_BYTES]; ROWS]);
    }

    unsafe fn load<const REGISTER: usize>(rows: *const u8, stride_bytes: usize) {
        with(|registers| {
            let (count, bytes) = registers.size(REGISTER);
            registers.values[REGISTER] = [[0; ROW_BYTES]; ROWS];
            for (index, row) in registers.values[REGISTER][..count].iter_mut().enumerate() {
                // SAFETY: this function's own contract.
                unsafe { rows.add(index * stride_bytes).copy_to_nonoverlapping(row.as_mut_ptr(), bytes) };
            }
        });
    }

    unsafe fn store<const REGISTER: usize>(rows: *mut u8, stride_bytes: usize) {
        with(|registers| {
            let (count, bytes) = registers.size(REGISTER);
            for (index, row) in registers.values[REGISTER][..count].iter().enumerate() {
                // SAFETY: this function's own contract.
                unsafe { rows.add(index * stride_bytes).copy_from_nonoverlapping(row.as_ptr(), bytes) };
            }
        });
    }

    unsafe fn dot<const SUMS: usize, const LEFT: usize, const RIGHT: usize>() {
        assert!(SUMS != LEFT && SUMS != RIGHT && LEFT != RIGHT);
        with(|registers| {
            let [(rows, row_bytes), left, right] = [SUMS, LEFT, RIGHT].map(|register| registers.size(register));
            assert!(left.0 == rows && right.1 == row_bytes && right.0 * 4 == left.1 && row_bytes % 4 == 0);
            for m in 0..rows {
                for k in 0..left.1 / 4 {
                    let x = registers.values[LEFT][m].as_chunks::<4>().0[k];
                    for n in 0..row_bytes / 4 {
                        let y = registers.values[RIGHT][k].as_chunks::<4>().0[n];
                        let sum = &mut registers.values[SUMS][m].as_chunks_mut::<4>().0[n];
                        let products = (0..4).map(|byte| i32::from(x[byte] as i8) * i32::from(y[byte] as i8));
                        *sum = products.fold(i32::from_ne_bytes(*sum), i32::wrapping_add).to_ne_bytes();
                    }
                }
            }
        });
    }
}

impl Registers {
    /// The number of rows, and of bytes in each.
    fn size(&self, register: usize) -> (usize, usize) {
        (self.sizes.rows[register].into(), self.sizes.row_bytes[register].into())
    }
}
