//! The requests of the writer: bodies of server-side apply, removals, and the look at what is ours. Decides nothing.
//! An API server does not compare the uid in an apply to a status, but does the resourceVersion: so a view is looked at first,
//! and its status is applied to exactly the object that was seen, or refused.

use super::{
    API_VERSION, Desired, FIELD_MANAGER,
    book::{Book, Key, Write},
    owned::{FoundCatalogue, FoundComponent, Made},
};
use crate::kubernetes::failure::Failure;
use crate::views::{
    components::{ComponentSpec, OwnerReference, catalogue::DesiredCatalogue},
    planfiles::{ANNOTATION, DATA_KEY, DesiredPlan, Request as PlanRequest, key_of},
};
use kube::{
    Api, Client, ResourceExt,
    api::{DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams, Preconditions},
    core::{ApiResource, GroupVersionKind, ObjectMeta},
};
use pointsman_core::{
    limits,
    view::spec::{CATALOG, CLUSTER_VIEW, VIEW},
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::{collections::BTreeMap, fmt, time::Duration};

const COMPONENT: &str = "TelemetryComponent";
const CONFIG_MAP: &str = "ConfigMap";
const MANAGED_BY: (&str, &str) = ("app.kubernetes.io/managed-by", "pointsman");
/// Objects of one page. Catalogues are long.
const COMPONENTS_A_PAGE: u32 = 500;
const CATALOGUES_A_PAGE: u32 = 50;

/// A client, and what it is asked.
pub(super) struct Calls {
    client: Client,
}

/// What the server made of an apply.
#[derive(Clone, Debug, Default)]
pub(super) struct Answer {
    pub(super) uid: Box<str>,
    owners: Vec<OwnerReference>,
    data: Value,
}

/// Our own objects, as they stand.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    pub(super) components: Vec<FoundComponent>,
    pub(super) catalogues: Vec<FoundCatalogue>,
    /// Which components ask for their plan as a ConfigMap.
    pub(super) requests: BTreeMap<Key, PlanRequest>,
}

/// One request that writes.
#[derive(Debug, PartialEq)]
pub(super) struct Request {
    kind: &'static str,
    namespace: Box<str>,
    name: Box<str>,
    what: What,
}

#[derive(Debug, PartialEq)]
enum What {
    Apply(Value),
    Status(Value),
    /// Only of the object with this uid.
    StatusOf(Box<str>, Value),
    /// Only the object with this uid.
    Remove(Box<str>),
    /// Only where nothing stands there, or what carries our label.
    ApplyOurs(Value),
}

impl fmt::Debug for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Calls").finish_non_exhaustive()
    }
}

impl Answer {
    fn of(object: DynamicObject) -> Self {
        let owners = owners(&object);
        Self { uid: object.uid().unwrap_or_default().into(), owners, data: object.data }
    }

    /// The status as it stands now, as far as it can be read.
    pub(super) fn status<T: DeserializeOwned>(&self) -> Option<T> {
        part(&self.data, "status")
    }

    /// A component beside its status.
    pub(super) fn made(&self) -> Made {
        Made { spec: part(&self.data, "spec").unwrap_or_default(), owner: self.owners.first().cloned() }
    }
}

impl Calls {
    pub(super) fn new(client: Client) -> Self {
        Self { client }
    }

    /// Makes one write.
    pub(super) async fn send(&self, desired: &Desired, book: &Book, write: &Write) -> Result<Answer, Failure> {
        let Some(request) = request(desired, book, write) else { return Err(Failure::Gone) };
        let api = self.api(request.kind, &request.namespace);
        let params = PatchParams::apply(FIELD_MANAGER).force();
        let limit = Duration::from_millis(limits::CLUSTER_WRITE_MS_MAX);
        let name = &*request.name;
        let answer = match request.what {
            What::Apply(body) => Failure::timed(limit, api.patch(name, &params, &Patch::Apply(body))).await?,
            What::Status(body) => Failure::timed(limit, api.patch_status(name, &params, &Patch::Apply(body))).await?,
            What::StatusOf(uid, body) => {
                let seen = Failure::timed(limit, api.get_metadata(name)).await?.metadata;
                if seen.uid.as_deref() != Some(&*uid) {
                    return Err(Failure::Conflict);
                }
                Failure::timed(limit, api.patch_status(name, &params, &Patch::Apply(seen_as(body, &seen)))).await?
            }
            What::ApplyOurs(body) => {
                match Failure::timed(limit, api.get_metadata(name)).await {
                    Ok(seen) if is_labelled(&seen.metadata) => {
                        let body = seen_as(body, &seen.metadata);
                        Failure::timed(limit, api.patch(name, &params, &Patch::Apply(body))).await?
                    }
                    Ok(_) => return Err(Failure::Conflict),
                    Err(Failure::Gone) => {
                        // An apply would change what somebody made meanwhile; a create is refused then.
                        let object = serde_json::from_value(body).map_err(|error| Failure::Refused(error.to_string()))?;
                        let params = PostParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PostParams::default() };
                        Failure::timed(limit, api.create(&params, &object)).await?
                    }
                    Err(failure) => return Err(failure),
                }
            }
            What::Remove(uid) => {
                let preconditions = Some(Preconditions { uid: Some(uid.into()), resource_version: None });
                let params = DeleteParams { preconditions, ..DeleteParams::background() };
                Failure::timed(limit, api.delete(name, &params)).await?;
                return Ok(Answer::default());
            }
        };
        Ok(Answer::of(answer))
    }

    /// Reads everything that is ours. Says what could not be read.
    pub(super) async fn look(&self) -> Result<Found, (&'static str, Failure)> {
        let (mut components, mut catalogues, mut requests) = (Vec::new(), Vec::new(), BTreeMap::new());
        let list = self.list(COMPONENT, COMPONENTS_A_PAGE, |object| {
            requests.extend(asked(&object));
            components.push(component(object));
        });
        list.await.map_err(|failure| ("list telemetrycomponents", failure))?;
        let list = self.list(CATALOG, CATALOGUES_A_PAGE, |object| catalogues.push(catalogue(object)));
        list.await.map_err(|failure| ("list instrumentcatalogs", failure))?;
        Ok(Found { components, catalogues, requests })
    }

    /// Which components ask for their plan as a ConfigMap, and whether one page held them all.
    pub(super) async fn requests(&self) -> Result<(BTreeMap<Key, PlanRequest>, bool), (&'static str, Failure)> {
        let (mut requests, mut components) = (BTreeMap::new(), 0_u32);
        let list = self.list(COMPONENT, COMPONENTS_A_PAGE, |object| {
            components = components.saturating_add(1);
            requests.extend(asked(&object));
        });
        list.await.map_err(|failure| ("list telemetrycomponents", failure))?;
        Ok((requests, components <= COMPONENTS_A_PAGE))
    }

    async fn list(&self, kind: &'static str, page: u32, mut take: impl FnMut(DynamicObject)) -> Result<(), Failure> {
        let api: Api<DynamicObject> = Api::all_with(self.client.clone(), &resource(kind));
        let limit = Duration::from_millis(limits::CLUSTER_WRITE_MS_MAX);
        let mut params = ListParams::default().labels(&format!("{}={}", MANAGED_BY.0, MANAGED_BY.1)).limit(page);
        let mut seen = 0;
        loop {
            let list = Failure::timed(limit, api.list(&params)).await?;
            seen += list.items.len();
            list.items.into_iter().filter(is_ours).for_each(&mut take);
            match list.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) if seen < limits::OWN_OBJECTS_MAX => params = params.continue_token(&token),
                _ => return Ok(()),
            }
        }
    }

    fn api(&self, kind: &'static str, namespace: &str) -> Api<DynamicObject> {
        match namespace {
            "" => Api::all_with(self.client.clone(), &resource(kind)),
            namespace => Api::namespaced_with(self.client.clone(), namespace, &resource(kind)),
        }
    }
}

/// The request of a write; `None` when what it is about is not there any more.
pub(super) fn request(desired: &Desired, book: &Book, write: &Write) -> Option<Request> {
    let body = |(kind, key, what): (&'static str, &Key, What)| {
        Some(Request { kind, namespace: key.0.clone(), name: key.1.clone(), what })
    };
    match write {
        Write::View { index, .. } => {
            let view = desired.views.get(*index)?;
            let kind = if view.id.kind == CLUSTER_VIEW { CLUSTER_VIEW } else { VIEW };
            let key = (view.id.namespace.clone(), view.id.name.clone());
            body((kind, &key, What::StatusOf(view.uid.clone(), status(kind, &key, json!(view.status)))))
        }
        Write::Component { index } => {
            let component = desired.components.get(*index)?;
            let key = (component.namespace.clone(), component.name.clone());
            body((COMPONENT, &key, made(COMPONENT, &key, book.owned.owner(component), json!(component.spec))))
        }
        Write::ComponentStatus { index } => {
            let component = desired.components.get(*index)?;
            let key = (component.namespace.clone(), component.name.clone());
            body((COMPONENT, &key, What::Status(status(COMPONENT, &key, json!(book.owned.status(component))))))
        }
        Write::Silence(key) => body((COMPONENT, key, What::Status(status(COMPONENT, key, json!(book.owned.silence(key)?))))),
        Write::RemoveComponent(key) => body((COMPONENT, key, What::Remove(book.owned.component_uid(&key.0, &key.1)?.into()))),
        Write::Catalogue { index } => {
            let catalogue = desired.catalogues.get(*index)?;
            let key = (catalogue.namespace.clone(), catalogue.name.clone());
            let owner = catalogue.owner(book.owned.component_uid(&key.0, &catalogue.component)?);
            let What::Apply(mut value) = made(CATALOG, &key, Some(&owner), json!(catalogue.spec)) else { return None };
            if let Some(cut) = cut(catalogue) {
                value["metadata"]["annotations"] = json!({"pointsman.dev/truncated": cut});
            }
            body((CATALOG, &key, What::Apply(value)))
        }
        Write::CatalogueStatus { index } => {
            let catalogue = desired.catalogues.get(*index)?;
            let key = (catalogue.namespace.clone(), catalogue.name.clone());
            body((CATALOG, &key, What::Status(status(CATALOG, &key, json!({"instruments": catalogue.instruments})))))
        }
        Write::PlanFile { index } => {
            let plan = desired.plans.get(*index)?;
            let key = (plan.namespace.clone(), plan.name.clone());
            body((CONFIG_MAP, &key, What::ApplyOurs(config_map(plan))))
        }
        Write::RemoveCatalogue(key) => body((CATALOG, key, What::Remove(book.owned.catalogue_uid(key)?.into()))),
    }
}

/// The body as an apply to exactly the version that was seen: if it has changed since, the apply is refused.
fn seen_as(mut body: Value, seen: &ObjectMeta) -> Value {
    body["metadata"]["resourceVersion"] = json!(seen.resource_version);
    body
}

fn status(kind: &str, key: &Key, status: Value) -> Value {
    let mut body = json!({"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": key.1}, "status": status});
    if !key.0.is_empty() {
        body["metadata"]["namespace"] = json!(key.0);
    }
    body
}

fn made(kind: &str, key: &Key, owner: Option<&OwnerReference>, spec: Value) -> What {
    let mut metadata = json!({"name": key.1, "namespace": key.0, "labels": {MANAGED_BY.0: MANAGED_BY.1}});
    if let Some(owner) = owner {
        metadata["ownerReferences"] = json!([owner]);
    }
    What::Apply(json!({"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}))
}

fn config_map(plan: &DesiredPlan) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": CONFIG_MAP,
        "metadata": {
            "name": plan.name,
            "namespace": plan.namespace,
            "labels": {MANAGED_BY.0: MANAGED_BY.1},
            "annotations": {"pointsman.dev/component": plan.component, "pointsman.dev/plan-hash": plan.hash},
        },
        "data": {DATA_KEY: &*plan.body},
    })
}

fn is_labelled(metadata: &ObjectMeta) -> bool {
    metadata.labels.as_ref().and_then(|labels| labels.get(MANAGED_BY.0)).is_some_and(|by| by == MANAGED_BY.1)
}

/// What a component of ours asks for.
fn asked(object: &DynamicObject) -> Option<(Key, PlanRequest)> {
    let (namespace, name) = key(object);
    let config_map = object.annotations().get(ANNOTATION).filter(|name| !name.is_empty())?.as_str().into();
    let component = key_of(&namespace, &name, &part::<ComponentSpec>(&object.data, "spec")?)?;
    Some(((namespace, name), PlanRequest { component, config_map }))
}

/// What a catalogue that was cut says of it.
fn cut(catalogue: &DesiredCatalogue) -> Option<String> {
    let listed = catalogue.spec.instruments.len();
    (listed < catalogue.instruments).then(|| format!("lists {listed} of {} instruments", catalogue.instruments))
}

fn resource(kind: &'static str) -> ApiResource {
    if kind == CONFIG_MAP {
        return ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk("", "v1", kind), "configmaps");
    }
    let plural = match kind {
        CLUSTER_VIEW => "clustertelemetryviews",
        COMPONENT => "telemetrycomponents",
        CATALOG => "instrumentcatalogs",
        _ => "telemetryviews",
    };
    let (group, version) = API_VERSION.split_once('/').unwrap_or_default();
    ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, version, kind), plural)
}

/// Whether we made it: by label, which was asked for, and by manager.
fn is_ours(object: &DynamicObject) -> bool {
    let applied = |manager: Option<&str>, operation: Option<&str>| manager == Some(FIELD_MANAGER) && operation == Some("Apply");
    object.managed_fields().iter().any(|entry| applied(entry.manager.as_deref(), entry.operation.as_deref()))
}

fn component(object: DynamicObject) -> FoundComponent {
    let (key, answer) = (key(&object), Answer::of(object));
    FoundComponent { key, made: answer.made(), status: answer.status(), uid: answer.uid }
}

fn catalogue(object: DynamicObject) -> FoundCatalogue {
    let owner_uid = owners(&object).first().map(|owner| owner.uid.as_str().into()).unwrap_or_default();
    let instruments = object.data.pointer("/status/instruments").and_then(Value::as_u64);
    FoundCatalogue { key: key(&object), uid: object.uid().unwrap_or_default().into(), owner_uid, instruments }
}

fn key(object: &DynamicObject) -> Key {
    (object.namespace().unwrap_or_default().into(), object.name_any().into())
}

fn owners(object: &DynamicObject) -> Vec<OwnerReference> {
    let own = |owner: &k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference| OwnerReference {
        api_version: owner.api_version.clone(),
        kind: owner.kind.clone(),
        name: owner.name.clone(),
        uid: owner.uid.clone(),
    };
    object.owner_references().iter().map(own).collect()
}

fn part<T: DeserializeOwned>(data: &Value, name: &str) -> Option<T> {
    serde_json::from_value(data.get(name)?.clone()).ok()
}
