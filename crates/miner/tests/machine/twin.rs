//! A coordinator's twin: it signs what it says, checks what it is told, and stores nothing beyond a test.

use std::collections::BTreeMap;

use adit_core::content_id::block_cid;
use adit_core::kernel::{self, Scalar};
use adit_core::kind::{HashTree, HashTree2, MatmulF32, MatmulI8, MlpI8};
use adit_core::log::{self, Frontier, Node};
use adit_core::random::SplitMix64;
use adit_core::reward::{PRICE_VERSION, base_reward};
use adit_core::sign::{Challenge, Digest, LeaseId, SecretKey};
use adit_core::split::cut;
use adit_core::statement::{Lease, LogHead, Method as Checked, ProvenReceipt, Receipt, Verdict};
use adit_core::unit::{Layer, Requant};
use adit_core::{Amount, BlockState, Cid, Kind, PublicKey, Signature, Unit};
use adit_fetch::{Body, Method, Request, Response};
use adit_protocol::mining::{Delivered, Input, MinerLimits, RegisterGrant, SessionGrant, TaskAbout, TaskGrant};
use adit_protocol::neonet::{
    RegisterRequest, RegisterResponse, SessionSummary, StartSessionRequest, StartSessionResponse, StopSessionResponse,
    Task,
};
use adit_protocol::records::Account;
use adit_protocol::{ErrorBody, ErrorCode, paths};
use serde::Serialize;
use serde_json::json;

pub(crate) const TTL_MS: u64 = 60_000;

pub(crate) struct Twin {
    pub(crate) key: SecretKey,
    pub(crate) in_flight: u32,
    pub(crate) max_lanes: u32,
    pub(crate) blocks: BTreeMap<Cid, Vec<u8>>,
    /// Units that are not leased yet, in reverse order.
    pub(crate) units: Vec<Unit>,
    pub(crate) leases: BTreeMap<LeaseId, Leased>,
    /// The blocks that a unit's own source lacks.
    pub(crate) gone: Option<Cid>,
    /// What it says its job is about.
    pub(crate) about: Option<TaskAbout>,
    session: Option<String>,
    challenge: Option<Challenge>,
    serial: u8,
    log: Frontier,
    nodes: BTreeMap<Node, log::Hash>,
}

pub(crate) struct Leased {
    pub(crate) grant: TaskGrant,
    lane: u32,
    pub(crate) receipt: Option<ProvenReceipt>,
}

impl Twin {
    /// A twin with a job of `units` units of each kind.
    pub(crate) fn new(units: u32) -> Self {
        let mut twin = Twin {
            key: SecretKey::from_bytes(&[9; 32]).unwrap(),
            in_flight: 8,
            max_lanes: 8,
            blocks: BTreeMap::new(),
            units: Vec::new(),
            leases: BTreeMap::new(),
            gone: None,
            about: None,
            session: None,
            challenge: None,
            serial: 0,
            log: Frontier::default(),
            nodes: BTreeMap::new(),
        };
        let mut values = SplitMix64::new(1);
        for _ in 0..units {
            let unit = twin.matmul(&mut values);
            twin.units.push(unit);
            let unit = twin.mlp(&mut values);
            twin.units.push(unit);
        }
        twin
    }

    /// A unit whose inputs take long to fetch: 1 row times a matrix of 4 MiB.
    pub(crate) fn with_large_inputs() -> Self {
        let mut twin = Twin::new(0);
        let b = twin.operand(SplitMix64::new(2).signed(1024 * 4096), 1024, 4096, 256);
        let unit = Unit::MatmulI8(MatmulI8 { a: twin.operand(SplitMix64::new(3).signed(1024), 1, 1024, 1), b });
        twin.units.push(unit);
        twin
    }

    fn matmul(&mut self, values: &mut SplitMix64) -> Unit {
        let b = self.operand(SplitMix64::new(2).signed(64 * 33), 64, 33, 20);
        Unit::MatmulI8(MatmulI8 { a: self.operand(values.signed(41 * 64), 41, 64, 16), b })
    }

    fn mlp(&mut self, values: &mut SplitMix64) -> Unit {
        let mut weights = SplitMix64::new(3);
        let mut layer = |inputs: u32, outputs: u32, requant| {
            let weight = self.operand(weights.weights((inputs * outputs) as usize), inputs, outputs, inputs);
            let bias = self.block(kernel::to_le_bytes(&vec![3; outputs as usize]));
            Layer { weight, bias, requant, back: None }
        };
        let layers = vec![layer(64, 32, Some(Requant { multiplier: 5, shift: 10 })), layer(32, 10, None)];
        Unit::MlpI8(MlpI8 { x: self.operand(values.activations(30 * 64), 30, 64, 10), layers })
    }

    pub(crate) fn floats(&mut self) -> Unit {
        let mut values = SplitMix64::new(4);
        let mut floats = |count: usize| -> Vec<i8> {
            let values = values.signed(count).into_iter();
            values.flat_map(|value| (f32::from(value) / 3.0).to_le_bytes()).map(|byte| byte as i8).collect()
        };
        let (a, b) = (floats(20 * 40), floats(40 * 9));
        Unit::MatmulF32(MatmulF32 { a: self.operand(a, 20, 160, 8), b: self.operand(b, 40, 36, 40) })
    }

    /// Three blocks: of three leaves, three leaves and one leaf.
    pub(crate) fn tree(&mut self, source: Option<&str>) -> Unit {
        let data = self.operand(SplitMix64::new(6).signed(90_000), 90_000, 1, 40_000);
        Unit::HashTree(HashTree { data, source: source.map(str::to_owned) })
    }

    /// The same three blocks at a source.
    pub(crate) fn states(&mut self, source: &str) -> Unit {
        match self.tree(None) {
            Unit::HashTree(HashTree { data, .. }) => Unit::HashTree2(HashTree2 { data, source: source.to_owned() }),
            other => other,
        }
    }

    fn operand(&mut self, values: Vec<i8>, rows: u32, cols: u32, panel_rows: u32) -> adit_core::unit::Operand {
        let bytes: Vec<u8> = values.into_iter().map(|value| value as u8).collect();
        let (operand, blocks) = cut(&bytes, rows, cols, panel_rows);
        for block in blocks {
            self.block(block.to_vec());
        }
        operand
    }

    fn block(&mut self, bytes: Vec<u8>) -> Cid {
        let cid = block_cid(&bytes);
        self.blocks.insert(cid, bytes);
        cid
    }

    /// Forgets what a real coordinator forgets when it restarts: only its sessions.
    pub(crate) fn restart(&mut self) {
        self.session = None;
    }

    pub(crate) fn receipts(&self, verdict: Verdict) -> usize {
        let receipts = self.leases.values().filter_map(|leased| leased.receipt.as_ref());
        receipts.filter(|proven| proven.receipt.verdict == verdict).count()
    }

    pub(crate) fn answer(&mut self, request: &Request) -> Response {
        let path = request.url.strip_prefix("http://coordinator").unwrap();
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let session = request.headers.iter().find(|(name, _)| *name == paths::SESSION_HEADER);
        let known = self.session.is_some() && session.map(|(_, session)| session) == self.session.as_ref();
        match (request.method, path) {
            (Method::Get, paths::GAS_INFO) => refused(ErrorCode::NoSuchPath),
            (Method::Post, paths::REGISTER) => self.register(request),
            (Method::Post, paths::START_SESSION) => self.start(request),
            (Method::Post, paths::STOP_SESSION) => self.stop(),
            (Method::Post, paths::HEARTBEAT) if self.session.is_some() => Response::new(200, "{}"),
            (Method::Post, paths::HEARTBEAT) => refused(ErrorCode::NoSession),
            (Method::Get, _) if path.starts_with("/ai-energy/task/") && known => self.task(query),
            (Method::Get, _) if path.starts_with("/ai-energy/task/") => refused(ErrorCode::NoSession),
            (Method::Get, _) if path.starts_with("/ipfs/") => match self.blocks.get(&path[6..].parse().unwrap()) {
                Some(block) => Response::new(200, block.clone()),
                None => refused(ErrorCode::NoSuchBlock),
            },
            (Method::Put, _) => self.deliver(path, request),
            _ => refused(ErrorCode::NoSuchPath),
        }
    }

    fn register(&mut self, request: &Request) -> Response {
        let request: RegisterRequest = parse(request);
        assert_eq!(request.adit.unwrap().public_key, miner());
        self.serial += 1;
        self.challenge = Some(Challenge([self.serial; 32]));
        let limits = MinerLimits { max_lanes: self.max_lanes, max_output_bytes: 1 << 26, max_block_bytes: 1 << 20 };
        let grant = RegisterGrant {
            coordinator_key: self.key.public_key(),
            challenge: Challenge([self.serial; 32]),
            expires_at_ms: 1_000,
            expires_in_ms: 1_000,
            limits,
        };
        let response: RegisterResponse = serde_json::from_value(json!({ "success": true })).unwrap();
        given(&RegisterResponse { adit: Some(grant), ..response })
    }

    fn start(&mut self, request: &Request) -> Response {
        let request: StartSessionRequest = parse(request);
        let signed = request.adit.unwrap();
        let statement = &signed.statement;
        assert_eq!(miner().verify(statement, &signed.signature), Ok(()));
        assert_eq!(statement.coordinator, self.key.public_key());
        if Some(statement.challenge) != self.challenge.take() {
            return refused(ErrorCode::ChallengeUsed);
        }
        let session_id = format!("session-{}", self.serial);
        self.session = Some(session_id.clone());
        let adit = Some(SessionGrant { in_flight: self.in_flight, idle_ms: 600_000, account: account() });
        let response = json!({ "success": true, "session_id": session_id });
        let response: StartSessionResponse = serde_json::from_value(response).unwrap();
        given(&StartSessionResponse { adit, ..response })
    }

    fn stop(&mut self) -> Response {
        let session_id = self.session.take().unwrap_or_default();
        let summary = SessionSummary {
            compute_hours: 0.0,
            tasks_completed: 7,
            rewards_earned: 0.0,
            avg_cpu_usage: 0.0,
            avg_gpu_usage: 0.0,
        };
        given(&StopSessionResponse { success: true, session_id, summary, message: String::new() })
    }

    fn task(&mut self, query: &str) -> Response {
        let (lane, kinds) = query.strip_prefix("lane=").unwrap().split_once("&kinds=").unwrap();
        let lane: u32 = lane.parse().unwrap();
        assert_eq!(kinds, "matmul_i8/1,mlp_i8/1,gradient_i8/1,matmul_f32/1,hash_tree/1,hash_tree/2");
        match self.lease(lane) {
            Some(task) => given(&task),
            None => Response::new(204, "").with_header("retry-after", "5"),
        }
    }

    /// The lane's task: the one that it holds, or a new one.
    fn lease(&mut self, lane: u32) -> Option<Task> {
        let live = self.leases.values().find(|leased| leased.lane == lane && leased.receipt.is_none());
        if let Some(leased) = live {
            return Some(task(leased.grant.clone()));
        }
        let unit = self.units.pop()?;
        let id = LeaseId([self.leases.len() as u8 + 1; 16]);
        let lease = Lease {
            version: 1,
            coordinator: self.key.public_key(),
            lease: id,
            unit: unit.cid(),
            miner: miner(),
            value: base_reward(unit.kind(), unit.work()),
            price_version: PRICE_VERSION,
            ttl_ms: TTL_MS,
        };
        let grant = TaskGrant {
            signature: self.key.sign(&lease),
            lease,
            kind: unit.kind(),
            inputs: unit.blocks().into_iter().map(|(cid, bytes)| Input { cid, bytes }).collect(),
            work: unit.work(),
            unit,
            expires_in_ms: TTL_MS,
            job: 1,
            about: self.about.clone(),
        };
        self.leases.insert(id, Leased { grant: grant.clone(), lane, receipt: None });
        Some(task(grant))
    }

    fn deliver(&mut self, path: &str, request: &Request) -> Response {
        let id: LeaseId = path.strip_prefix("/v1/leases/").unwrap().strip_suffix("/output").unwrap().parse().unwrap();
        let header = |wanted: &str| request.headers.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value);
        let digest: Digest = header(paths::DIGEST_HEADER).unwrap().parse().unwrap();
        let signature: Signature = header(paths::SIGNATURE_HEADER).unwrap().parse().unwrap();
        let output = request.body.as_ref().and_then(Body::bytes).unwrap();
        assert_eq!(*blake3::hash(output).as_bytes(), digest.0);
        let Some(leased) = self.leases.get(&id) else { return refused(ErrorCode::NoSuchLease) };
        let (lane, grant) = (leased.lane, leased.grant.clone());
        let proven = match &leased.receipt {
            Some(proven) => proven.clone(),
            None => {
                let sourced = grant.unit.source().is_some();
                let block = |cid: &Cid| self.blocks.get(cid).filter(|_| !sourced || Some(*cid) != self.gone);
                let right = grant.unit.output(&Scalar, &id, |cid| block(cid).map(Vec::as_slice));
                let right = right.unwrap() == *output;
                let states = &output[..grant.unit.input().panels.len()];
                let unknown = grant.kind == Kind::HashTree2 && states.contains(&(BlockState::Unknown as u8));
                let verdict = match right {
                    true => Verdict::Valid,
                    false if unknown => Verdict::Inconclusive,
                    false => Verdict::Invalid,
                };
                let work = grant.unit.work_done(output);
                self.receipt(&grant, digest, signature, (verdict, work))
            }
        };
        assert_eq!(proven.verify(&self.key.public_key()), Ok(()));
        self.leases.get_mut(&id).unwrap().receipt = Some(proven.clone());
        let verdict = proven.receipt.verdict;
        let next = self.session.is_some().then(|| self.lease(lane)).flatten();
        given(&Delivered {
            lease: id,
            verdict,
            reward: proven.receipt.value,
            receipt: proven,
            next,
            retry_after_ms: 3_000,
        })
    }

    /// A signed receipt in the log.
    pub(crate) fn receipt(
        &mut self,
        grant: &TaskGrant,
        output_digest: Digest,
        delivery_signature: Signature,
        (verdict, work): (Verdict, u64),
    ) -> ProvenReceipt {
        let receipt = Receipt {
            version: 1,
            coordinator: self.key.public_key(),
            log_index: self.log.size(),
            lease: grant.lease.lease,
            unit: grant.lease.unit,
            kind: grant.kind,
            miner: grant.lease.miner,
            output_digest,
            output_bytes: grant.unit.output_bytes(),
            delivery_signature,
            verdict,
            counterexample: None,
            work,
            price_version: PRICE_VERSION,
            value: base_reward(grant.kind, work),
            confidence_bps: 5_000,
            epoch: 0,
            method: Checked::Recomputed,
            bits: 64,
            at_ms: 0,
        };
        self.prove(receipt)
    }

    pub(crate) fn prove(&mut self, receipt: Receipt) -> ProvenReceipt {
        let receipt = Receipt { log_index: self.log.size(), ..receipt };
        self.nodes.extend(self.log.append(receipt.leaf()));
        let find = |node| self.nodes.get(&node).copied().ok_or(node);
        let path = log::inclusion_path(receipt.log_index, self.log.size(), find).unwrap();
        let (coordinator, root) = (self.key.public_key(), Digest(self.log.root()));
        let head = LogHead { version: 1, coordinator, size: self.log.size(), root, previous: None, at_ms: 0 };
        let head_signature = self.key.sign(&head);
        ProvenReceipt { receipt, path: path.into_iter().map(Digest).collect(), head, head_signature }
    }
}

pub(crate) fn miner_key() -> SecretKey {
    SecretKey::from_bytes(&[7; 32]).unwrap()
}

pub(crate) fn miner() -> PublicKey {
    miner_key().public_key()
}

fn task(grant: TaskGrant) -> Task {
    let task = json!({
        "task_id": grant.lease.lease.to_string(), "session_id": "s", "contributor_id": "c", "task_type": "matrix_ops",
        "data": {}, "description": "", "created_at": 0.0, "status": "assigned", "base_reward": 0.0, "reward": 0.0,
        "reward_type": "issuance", "difficulty": 1, "timeout_seconds": 60,
    });
    Task { adit: Some(grant), ..serde_json::from_value(task).unwrap() }
}

fn account() -> Account {
    Account {
        contributor: "c".into(),
        key: miner(),
        pending: Amount::ZERO,
        posted: Amount::ZERO,
        confidence_bps: 5_000,
        units_valid: 0,
        units_invalid: 0,
        work_verified: 0,
        expected: Amount::ZERO,
        next_payment_ms: 0,
        name: None,
        name_counter: 0,
    }
}

fn parse<T: serde::de::DeserializeOwned>(request: &Request) -> T {
    serde_json::from_slice(request.body.as_ref().and_then(Body::bytes).unwrap()).unwrap()
}

pub(crate) fn given(answer: &impl Serialize) -> Response {
    Response::new(200, serde_json::to_vec(answer).unwrap())
}

pub(crate) fn refused(code: ErrorCode) -> Response {
    Response::new(code.status(), serde_json::to_vec(&ErrorBody::new(code, "a reason")).unwrap())
}
