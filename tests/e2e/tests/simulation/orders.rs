//! The requesters' jobs: products, and hash trees whose every leaf is checked.

use adit_core::Amount;
use adit_core::kernel::hash_tree::LEAF_BYTES;
use adit_protocol::jobs::{DataPlace, FileInfo, JobRequest, JobView, JobWork};
use adit_protocol::paths;
use adit_support::files;
use anyhow::Result;
use axum::http::Method;

use crate::truth::{Job, Sought};
use crate::world::World;

impl World {
    pub(crate) async fn submit(&mut self) -> Result<()> {
        if self.truth.jobs.iter().filter(|job| job.is_open()).count() >= self.scale.jobs {
            return Ok(());
        }
        if self.chance(15) { self.submit_tree().await } else { self.submit_product().await }
    }

    async fn submit_product(&mut self) -> Result<()> {
        let shape = (self.below(200) as u32 + 40, self.below(12) as u32 + 4, self.below(12) as u32 + 4);
        let (rows, inner, columns) = shape;
        let a = self.random.signed((rows * inner) as usize);
        let b = self.random.signed((inner * columns) as usize);
        let Some(a_file) = self.file("npy", files::npy(rows, inner, &a)).await? else { return Ok(()) };
        let Some(b_file) = self.file("npy", files::npy(inner, columns, &b)).await? else { return Ok(()) };
        let work = JobWork::MatmulI8 { a: a_file.file, b: b_file.file };
        self.order(work, Sought::product(shape, &a, &b), format!("{shape:?}")).await
    }

    /// At most sixteen leaves, so that a lie about any of them is found.
    async fn submit_tree(&mut self) -> Result<()> {
        let bytes = self.below(6 * u64::from(LEAF_BYTES)) as usize + 1;
        let data: Vec<u8> = self.random.signed(bytes).into_iter().map(|byte| byte as u8).collect();
        let Some(file) = self.file("data", data.clone()).await? else { return Ok(()) };
        let work = JobWork::HashTree { data: DataPlace::File { file: file.file } };
        self.order(work, Sought::tree(data), format!("a tree of {bytes} bytes")).await
    }

    async fn order(&mut self, work: JobWork, sought: Sought, what: String) -> Result<()> {
        let sponsored = self.chance(60);
        self.note(format!("submit {what}, sponsored {sponsored}"));
        let budget = (!sponsored).then_some(Amount::from_nano(10_000));
        let order = serde_json::to_vec(&JobRequest { demo: true, budget, ..JobRequest::new(work) })?;
        let Some(reply) = self.operate(Method::POST, paths::JOBS, order).await? else { return Ok(()) };
        let view: JobView = reply.json()?;
        self.truth.jobs.push(Job::new(view.job, view.panels, sponsored, sought));
        Ok(())
    }

    async fn file(&mut self, format: &str, bytes: Vec<u8>) -> Result<Option<FileInfo>> {
        let path = format!("{}?name=F&format={format}", paths::FILES);
        self.operate(Method::POST, &path, bytes).await?.map(|reply| reply.json()).transpose()
    }
}
