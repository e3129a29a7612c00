//! Simulated miners of every character, which decide what to do next. They know only what answers tell them.

use std::collections::BTreeMap;

use adit_core::sign::SecretKey;

/// How a miner behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Character {
    /// Computes its units and delivers until it is answered.
    Honest,
    /// Delivers late, or forgets.
    Lazy,
    /// Delivers wrong outputs and occasionally a correct one.
    Liar,
    /// Delivers for others, agrees with others on wrong outputs, and uses others' sessions.
    Colluder,
    /// Takes as many leases as it can and delivers nothing.
    Hoarder,
    /// Comes and goes.
    Flapper,
}

/// A miner's next action.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Plan {
    Open,
    Stop,
    Ask {
        lane: u32,
    },
    /// Delivers an output for the lane's lease, correct or wrong.
    Deliver {
        lane: u32,
        lie: Option<Lie>,
    },
    /// Starts to upload an output for the lane's lease.
    Upload {
        lane: u32,
        lie: Option<Lie>,
    },
    /// Forgets the lane's lease.
    Forget {
        lane: u32,
    },
    /// Delivers for any lease of any miner, with its own signature.
    Steal,
    /// Delivers again for one of its own leases, with any output.
    Repeat {
        lie: Option<Lie>,
    },
    /// Asks for work with another miner's session.
    Intrude,
    Beat,
    Nothing,
}

/// How an output is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lie {
    /// One bit is flipped.
    Bit,
    /// One value is larger by 2^31, which vanishes modulo 2^31.
    High,
    /// All zeros.
    Zeros,
    /// Two values are swapped.
    Swap,
    /// An output on which colluders agree.
    Agreed,
}

impl Lie {
    /// The output with this lie; it always differs from the correct one.
    pub(crate) fn tell(self, right: &[u8], pick: usize) -> Vec<u8> {
        let mut output = right.to_vec();
        let values = output.len() / 4;
        let at = 4 * (pick % values);
        match self {
            Lie::Bit => output[at] ^= 1 << (pick % 8),
            Lie::High => output[at + 3] ^= 0x80,
            Lie::Zeros => output.fill(0),
            Lie::Swap => {
                let (first, last) = (output[at], output[at / 2]);
                (output[at], output[at / 2]) = (last, first);
            }
            Lie::Agreed => output[0] = output[0].wrapping_add(7),
        }
        if output == right {
            output[at] ^= 1;
        }
        output
    }
}

/// A miner.
pub(crate) struct Actor {
    pub(crate) character: Character,
    pub(crate) name: String,
    pub(crate) key: SecretKey,
    /// Its session, if it knows one.
    pub(crate) session: Option<String>,
    /// Its leases by lane, as indices into all leases given out.
    pub(crate) lanes: BTreeMap<u32, usize>,
    /// The total balance of which it was last told.
    pub(crate) posted: i64,
}

impl Actor {
    pub(crate) fn new(number: usize, character: Character) -> Self {
        let mut bytes = [7; 32];
        bytes[..8].copy_from_slice(&(number as u64 + 1).to_be_bytes());
        let key = SecretKey::from_bytes(&bytes).expect("a key");
        Actor {
            character,
            name: format!("{character:?}-{number}").to_lowercase(),
            key,
            session: None,
            lanes: BTreeMap::new(),
            posted: 0,
        }
    }

    /// The number of its lanes, by its character.
    fn lane_count(&self) -> u64 {
        match self.character {
            Character::Hoarder => 12,
            Character::Honest | Character::Colluder => 2,
            _ => 3,
        }
    }

    /// Its next action, by its character and chance.
    pub(crate) fn plan(&self, mut below: impl FnMut(u64) -> u64) -> Plan {
        if self.session.is_none() {
            return Plan::Open;
        }
        let lane = below(self.lane_count()) as u32;
        let lies = [Lie::Bit, Lie::High, Lie::Zeros, Lie::Swap, Lie::Agreed];
        let lie = Some(lies[below(lies.len() as u64) as usize]);
        let holds = self.lanes.contains_key(&lane);
        let die = below(100);
        match self.character {
            Character::Honest => match die {
                0..3 => Plan::Beat,
                3..10 if holds => Plan::Upload { lane, lie: None },
                10..16 if holds => Plan::Repeat { lie: None },
                _ if holds => Plan::Deliver { lane, lie: None },
                _ => Plan::Ask { lane },
            },
            Character::Lazy => match die {
                0..50 => Plan::Nothing,
                50..60 => Plan::Forget { lane },
                60..70 if holds => Plan::Upload { lane, lie: None },
                _ if holds => Plan::Deliver { lane, lie: None },
                _ => Plan::Ask { lane },
            },
            Character::Liar => match die {
                0..55 if holds => Plan::Deliver { lane, lie },
                55..65 if holds => Plan::Upload { lane, lie },
                65..75 => Plan::Repeat { lie },
                _ if holds => Plan::Deliver { lane, lie: None },
                _ => Plan::Ask { lane },
            },
            Character::Colluder => match die {
                0..20 => Plan::Steal,
                20..30 => Plan::Intrude,
                30..40 => Plan::Repeat { lie: Some(Lie::Agreed) },
                40..65 if holds => Plan::Deliver { lane, lie: Some(Lie::Agreed) },
                _ if holds => Plan::Deliver { lane, lie: None },
                _ => Plan::Ask { lane },
            },
            Character::Hoarder => match die {
                0..3 => Plan::Stop,
                3..10 => Plan::Beat,
                10..13 if holds => Plan::Deliver { lane, lie: None },
                _ => Plan::Ask { lane },
            },
            Character::Flapper => match die {
                0..25 => Plan::Stop,
                25..40 => Plan::Open,
                40..55 if holds => Plan::Upload { lane, lie: None },
                55..75 if holds => Plan::Deliver { lane, lie: None },
                _ => Plan::Ask { lane },
            },
        }
    }
}
