//! A coordinator as its operator calls it: typed answers, and errors that say what to do next.

use std::path::{Path, PathBuf};

use adit_protocol::ErrorBody;
use anyhow::{Context, Result, bail};
use reqwest::{Method, Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Which coordinator, and where its token is.
#[derive(clap::Args, Clone)]
pub(crate) struct Server {
    /// The coordinator
    #[arg(
        long = "server",
        value_name = "URL",
        env = "ADIT_SERVER",
        default_value = "http://127.0.0.1:8000",
        global = true
    )]
    url: String,
    /// The coordinator's directory, which holds the operators' token (or set ADIT_TOKEN)
    #[arg(long, value_name = "DIR", env = "ADIT_DATA", default_value = ".adit", global = true)]
    data: PathBuf,
}

/// Nobody answers, or not now: asking again may help.
#[derive(Debug, thiserror::Error)]
#[error("no coordinator answers at {0}: start one with `adit serve`, or name it with --server")]
pub(crate) struct Away(String);

/// A connection to it.
pub(crate) struct Remote {
    http: reqwest::Client,
    url: String,
    token: Option<String>,
}

impl Server {
    /// For calls that anyone may make.
    pub(crate) fn open(&self) -> Remote {
        Remote { http: reqwest::Client::new(), url: self.url.trim_end_matches('/').to_owned(), token: None }
    }

    /// For calls that need the operator's token.
    pub(crate) fn open_as_operator(&self) -> Result<Remote> {
        let token = match std::env::var("ADIT_TOKEN") {
            Ok(token) => token,
            Err(_) => {
                let path = self.data.join("admin.token");
                std::fs::read_to_string(&path).with_context(|| {
                    format!("{}: name the coordinator's directory with --data, or set ADIT_TOKEN", path.display())
                })?
            }
        };
        Ok(Remote { token: Some(token.trim().to_owned()), ..self.open() })
    }
}

impl Remote {
    /// GET.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        Ok(self.send(self.request(Method::GET, path)).await?.json().await?)
    }

    /// POST of JSON.
    pub(crate) async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T> {
        Ok(self.send(self.request(Method::POST, path).json(body)).await?.json().await?)
    }

    /// DELETE.
    pub(crate) async fn delete<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        Ok(self.send(self.request(Method::DELETE, path)).await?.json().await?)
    }

    /// POST of a file's bytes, to be read as `format` where its name does not say.
    pub(crate) async fn upload<T: DeserializeOwned>(&self, path: &str, file: &Path, format: Option<&str>) -> Result<T> {
        let bytes = std::fs::read(file).with_context(|| file.display().to_string())?;
        let name = file.file_name().and_then(|name| name.to_str()).context("the file's name is not text")?;
        let request = self.request(Method::POST, path).query(&[("name", Some(name)), ("format", format)]).body(bytes);
        Ok(self.send(request).await.with_context(|| file.display().to_string())?.json().await?)
    }

    /// GET into a file, which appears once it is whole.
    pub(crate) async fn download(&self, path: &str, file: &Path) -> Result<u64> {
        let mut response = self.send(self.request(Method::GET, path)).await?;
        let draft = file.with_file_name(format!(".{}.part", file.file_name().unwrap_or_default().to_string_lossy()));
        let mut output = std::fs::File::create(&draft).with_context(|| draft.display().to_string())?;
        let mut bytes = 0;
        while let Some(chunk) = response.chunk().await? {
            std::io::Write::write_all(&mut output, &chunk)?;
            bytes += chunk.len() as u64;
        }
        std::fs::rename(&draft, file).with_context(|| file.display().to_string())?;
        Ok(bytes)
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<Response> {
        let response = request.send().await.map_err(|_| Away(self.url.clone()))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            bail!(Away(self.url.clone()));
        }
        match response.json::<ErrorBody>().await {
            Ok(error) => bail!("{} ({})", error.message(), error.code.name()),
            Err(_) => bail!("{} answered {status}; is it a coordinator?", self.url),
        }
    }
}
