//! The OpenAPI description of a call: its parameters, its answers, and who may make it.

use adit_core::sign::LeaseId;
use adit_core::{Cid, PublicKey};
use adit_protocol::ErrorBody;
use utoipa::openapi::path::{Operation, OperationBuilder, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{Components, ComponentsBuilder, Schema};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ContentBuilder, HttpMethod, Paths, Ref, RefOr, Required, ResponseBuilder};
use utoipa::{IntoParams, PartialSchema, ToSchema};

const OPERATOR: &str = "operator";
/// The schema of the error that any call may return.
const ERROR: &str = "Error";

/// A call and its description.
pub(crate) struct Call {
    method: HttpMethod,
    path: &'static str,
    /// Other paths for the same call, named in its description.
    aliases: &'static [&'static str],
    operation: OperationBuilder,
    schemas: Schemas,
}

type Schemas = Vec<(String, RefOr<Schema>)>;

impl Call {
    /// Describes a GET open to anyone. Path parameters are described by their names.
    pub(crate) fn get(tag: &str, path: &'static str, summary: &str) -> Self {
        Call::new(HttpMethod::Get, tag, path, summary)
    }

    /// Describes a POST open to anyone.
    pub(crate) fn post(tag: &str, path: &'static str, summary: &str) -> Self {
        Call::new(HttpMethod::Post, tag, path, summary)
    }

    /// Describes a PUT open to anyone.
    pub(crate) fn put(tag: &str, path: &'static str, summary: &str) -> Self {
        Call::new(HttpMethod::Put, tag, path, summary)
    }

    /// Describes a DELETE open to anyone.
    pub(crate) fn delete(tag: &str, path: &'static str, summary: &str) -> Self {
        Call::new(HttpMethod::Delete, tag, path, summary)
    }

    fn new(method: HttpMethod, tag: &str, path: &'static str, summary: &str) -> Self {
        let error = Ref::from_response_name(ERROR);
        let operation = OperationBuilder::new().tag(tag).summary(Some(summary));
        let operation = operation.operation_id(Some(operation_id(&method, path))).response("default", error);
        let call = Call { method, path, aliases: &[], operation, schemas: Vec::new() };
        parameters(path).fold(call, |call, name| match name {
            "lease" => call.parameter::<LeaseId>(ParameterIn::Path, name, "The lease's id."),
            "cid" => call.parameter::<Cid>(ParameterIn::Path, name, "The content identifier."),
            "key" => call.parameter::<PublicKey>(ParameterIn::Path, name, "The miner's key."),
            "job" => call.parameter::<u64>(ParameterIn::Path, name, "The job's number."),
            _ => call.parameter::<String>(ParameterIn::Path, name, "1 to 64 letters, digits, `_`, `-`, `.` or `:`."),
        })
    }

    /// Adds other paths for the call.
    pub(crate) fn also(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self.operation = self.operation.description(Some(format!("Also at `{}`.", aliases.join("`, `"))));
        self
    }

    pub(super) fn method(&self) -> &HttpMethod {
        &self.method
    }

    /// All paths of the call.
    pub(super) fn paths(&self) -> impl Iterator<Item = &'static str> + use<> {
        std::iter::once(self.path).chain(self.aliases.iter().copied())
    }

    /// Requires the operator's token.
    pub(crate) fn by_operator(mut self) -> Self {
        self.operation = self.operation.security(SecurityRequirement::new(OPERATOR, [""; 0]));
        self
    }

    /// Adds the query parameters that `T` is parsed from.
    pub(crate) fn query<T: IntoParams>(mut self) -> Self {
        self.operation = self.operation.parameters(Some(T::into_params(|| Some(ParameterIn::Query))));
        self
    }

    /// Adds an optional header.
    pub(crate) fn header<T: ToSchema>(self, name: &str, description: &str) -> Self {
        self.parameter::<T>(ParameterIn::Header, name, description)
    }

    fn parameter<T: ToSchema>(mut self, place: ParameterIn, name: &str, description: &str) -> Self {
        let required = if place == ParameterIn::Path { Required::True } else { Required::False };
        let schema = self.schema_of::<T>();
        let parameter = ParameterBuilder::new().name(name).parameter_in(place).required(required);
        self.operation = self.operation.parameter(parameter.description(Some(description)).schema(Some(schema)));
        self
    }

    /// Sets a JSON body.
    pub(crate) fn takes<T: ToSchema>(mut self) -> Self {
        let content = ContentBuilder::new().schema(Some(self.schema_of::<T>())).build();
        let body = RequestBodyBuilder::new().required(Some(Required::True)).content("application/json", content);
        self.operation = self.operation.request_body(Some(body.build()));
        self
    }

    /// Sets a body of raw bytes.
    pub(crate) fn takes_bytes(mut self, description: &str) -> Self {
        let body = RequestBodyBuilder::new().required(Some(Required::True)).description(Some(description));
        let body = body.content("application/octet-stream", ContentBuilder::new().build());
        self.operation = self.operation.request_body(Some(body.build()));
        self
    }

    /// Sets a body of plain text.
    pub(crate) fn takes_text(mut self, description: &str) -> Self {
        let body = RequestBodyBuilder::new().required(Some(Required::True)).description(Some(description));
        let body = body.content("text/plain", ContentBuilder::new().build());
        self.operation = self.operation.request_body(Some(body.build()));
        self
    }

    /// Adds the answer 200 with JSON.
    pub(crate) fn gives<T: ToSchema>(self, description: &str) -> Self {
        self.or::<T>("200", description)
    }

    /// Adds an answer of another status with JSON.
    pub(crate) fn or<T: ToSchema>(mut self, status: &str, description: &str) -> Self {
        let content = ContentBuilder::new().schema(Some(self.schema_of::<T>())).build();
        self.operation = self
            .operation
            .response(status, ResponseBuilder::new().description(description).content("application/json", content));
        self
    }

    /// Adds the answer 200 with bytes of the media type `kind`.
    pub(crate) fn gives_bytes(mut self, kind: &str, description: &str) -> Self {
        let response = ResponseBuilder::new().description(description).content(kind, ContentBuilder::new().build());
        self.operation = self.operation.response("200", response);
        self
    }

    /// Adds the answer 204.
    pub(crate) fn or_nothing(self, description: &str) -> Self {
        self.or_empty("204", description)
    }

    /// Adds an answer of another status that is not JSON.
    pub(crate) fn or_empty(mut self, status: &str, description: &str) -> Self {
        self.operation = self.operation.response(status, ResponseBuilder::new().description(description));
        self
    }

    /// A reference to one of Adit's types, described once in the components; other types are described inline.
    fn schema_of<T: ToSchema>(&mut self) -> RefOr<Schema> {
        let schema = T::schema();
        T::schemas(&mut self.schemas);
        if is_plain::<T>() {
            return schema;
        }
        let name = T::name().into_owned();
        let reference = RefOr::Ref(Ref::from_schema_name(&name));
        self.schemas.push((name, schema));
        reference
    }
}

/// Merges all calls into paths and components.
pub(crate) fn put_together(calls: Vec<Call>) -> (Paths, Components) {
    let mut paths = Paths::new();
    let mut schemas: Schemas = vec![(ErrorBody::name().into_owned(), ErrorBody::schema())];
    ErrorBody::schemas(&mut schemas);
    for call in calls {
        let operation: Operation = call.operation.build();
        paths.add_path_operation(call.path, vec![call.method], operation);
        schemas.extend(call.schemas);
    }
    let error = ContentBuilder::new().schema(Some(Ref::from_schema_name(ErrorBody::name()))).build();
    let error =
        ResponseBuilder::new().description("What is wrong, and what to do next.").content("application/json", error);
    let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    let components = ComponentsBuilder::new().schemas_from_iter(schemas).response(ERROR, error);
    (paths, components.security_scheme(OPERATOR, bearer).build())
}

fn is_plain<T: ToSchema>() -> bool {
    ["String", "u64", "u32", "bool", "Value"].contains(&T::name().as_ref())
}

fn parameters(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

/// Derives the operation's id: `GET /v1/jobs/{job}` becomes `get_v1_jobs_job`.
fn operation_id(method: &HttpMethod, path: &str) -> String {
    let method = match method {
        HttpMethod::Post => "post",
        HttpMethod::Put => "put",
        HttpMethod::Delete => "delete",
        _ => "get",
    };
    let named: String = path.chars().filter(|c| !"{}".contains(*c)).collect();
    format!("{method}{}", named.replace(['/', '-', '.'], "_"))
}
