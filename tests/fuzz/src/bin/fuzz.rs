//! Runs the fuzz target named by ADIT_FUZZ under libFuzzer. `cargo xtask fuzz` builds and starts it.
#![no_main]

use adit_fuzz::{Target, chosen};
use std::sync::LazyLock;

static CHOSEN: LazyLock<&Target> = LazyLock::new(chosen);

libfuzzer_sys::fuzz_target!(init: LazyLock::force(&CHOSEN), |input: &[u8]| (CHOSEN.run)(input));
