//! Reads the address of a node's RPC, as people write it in `IPFS_API_URL`.

/// Reads an address: a URL, or a multiaddr such as `/ip4/127.0.0.1/tcp/5001/http`.
///
/// ```
/// use adit_content::node::api_url;
///
/// assert_eq!(api_url("http://localhost:5001/").as_deref(), Some("http://localhost:5001"));
/// assert_eq!(api_url("/ip4/127.0.0.1/tcp/5001").as_deref(), Some("http://127.0.0.1:5001"));
/// assert_eq!(api_url("/dns/ipfs.example/tcp/443/https").as_deref(), Some("https://ipfs.example:443"));
/// assert_eq!(api_url("localhost:5001"), None);
/// ```
pub fn api_url(text: &str) -> Option<String> {
    let text = text.trim().trim_end_matches('/');
    let Some(path) = text.strip_prefix('/') else {
        return ["http://", "https://"].iter().any(|start| text.starts_with(start)).then(|| text.to_owned());
    };
    let parts: Vec<&str> = path.split('/').collect();
    let scheme = match &parts.get(4..)? {
        [] | ["http"] => "http",
        ["https"] | ["tls", "http"] => "https",
        _ => return None,
    };
    let port: u16 = if parts[2] == "tcp" { parts[3].parse().ok()? } else { return None };
    match parts[0] {
        "ip6" => Some(format!("{scheme}://[{}]:{port}", parts[1])),
        "ip4" | "dns" | "dns4" | "dns6" => Some(format!("{scheme}://{}:{port}", parts[1])),
        _ => None,
    }
}
