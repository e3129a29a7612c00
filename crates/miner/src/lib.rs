//! Adit's miner: a state machine without I/O and the loop that carries its actions out.
