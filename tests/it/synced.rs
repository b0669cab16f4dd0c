//! What the API and the tools say of a component that takes plans, with an agent that speaks OpAMP over HTTP, request by request.
//! How sessions behave is tested beside them; here is what users are shown.

use crate::support::{Pointsman, http, run, wait};
use pointsman_instrument::opamp::{
    messages::{CAPABILITY, CATALOGUE, PLAN_ENTRY},
    proto::{
        AgentDescription, AgentRemoteConfig, AgentToServer, AnyValue, CustomCapabilities, CustomMessage, KeyValue,
        RemoteConfigStatus, RemoteConfigStatuses, ServerToAgent, any_value::Value as Text,
    },
};
use prost::Message;
use serde_json::{Value, json};

/// ReportsStatus, AcceptsRemoteConfig, ReportsRemoteConfig.
const CAPABILITIES: u64 = 0x1 | 0x2 | 0x1000;

const OFF: &str = "apiVersion: pointsman.dev/v1alpha1\nkind: TelemetryView\nmetadata: {name: quiet, namespace: shop}\nspec:\n  reason: a test\n  \
                   metrics:\n  - {name: off, match: {instruments: [\"orders\", \"gated\"]}, state: Disabled}\n";

/// One instance of `shop/shop`.
struct Agent<'a> {
    server: &'a Pointsman,
    sequence: u64,
}

impl Agent<'_> {
    fn say(&mut self, message: AgentToServer) -> ServerToAgent {
        self.sequence += 1;
        let message =
            AgentToServer { instance_uid: vec![7; 16], sequence_num: self.sequence, capabilities: CAPABILITIES, ..message };
        let headers = [("content-type", "application/x-protobuf")];
        let reply = http(self.server.http, "POST", "/v1/opamp", &headers, &message.encode_to_vec());
        assert_eq!(reply.status, 200, "{}", reply.text());
        ServerToAgent::decode(&*reply.body).expect("a message")
    }

    /// Who it is and what it has: one instrument that it sends, and one that it has off.
    fn introduce(&mut self) -> ServerToAgent {
        let attribute = |(key, value): (&str, &str)| {
            let value = AnyValue { value: Some(Text::StringValue(value.into())) };
            KeyValue { key: key.into(), value: Some(value) }
        };
        let identifying_attributes =
            [("service.name", "shop"), ("service.namespace", "shop"), ("service.instance.id", "a")].map(attribute).into();
        let instrument = |name: &str| json!({"scope": "lib", "name": name, "kind": "Counter", "level": "Standard"});
        let catalogue = json!({
            "library": "test-library 1.0",
            "aspects": ["state"],
            "instruments": [instrument("gated"), instrument("orders")],
        });
        self.say(AgentToServer {
            agent_description: Some(AgentDescription { identifying_attributes, ..AgentDescription::default() }),
            custom_capabilities: Some(CustomCapabilities { capabilities: vec![CAPABILITY.into()] }),
            custom_message: Some(CustomMessage {
                capability: CAPABILITY.into(),
                r#type: CATALOGUE.into(),
                data: catalogue.to_string().into_bytes(),
            }),
            ..AgentToServer::default()
        })
    }

    /// Asks until a plan comes that names an instrument.
    fn plan(&mut self, first: ServerToAgent) -> AgentRemoteConfig {
        let mut reply = Some(first);
        wait("a plan", || {
            let reply = reply.take().unwrap_or_else(|| self.say(AgentToServer::default()));
            let config = reply.remote_config?;
            let plan = &config.config.as_ref()?.config_map.get(PLAN_ENTRY)?.body;
            String::from_utf8_lossy(plan).contains("gated").then_some(config)
        })
    }

    fn answer(&mut self, config: &AgentRemoteConfig, status: RemoteConfigStatuses, error: &str) {
        let status = RemoteConfigStatus {
            last_remote_config_hash: config.config_hash.clone(),
            status: status.into(),
            error_message: error.into(),
        };
        self.say(AgentToServer { remote_config_status: Some(status), ..AgentToServer::default() });
    }
}

fn push(server: &Pointsman) {
    let body = r#"{"resourceMetrics":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}},
        {"key":"service.namespace","value":{"stringValue":"shop"}},
        {"key":"service.instance.id","value":{"stringValue":"a"}}]},
        "scopeMetrics":[{"scope":{"name":"lib"},"metrics":[
        {"name":"orders","sum":{"isMonotonic":true,"aggregationTemporality":2,"dataPoints":[{"asInt":5,"timeUnixNano":"1700000000000000000"}]}}
        ]}]}]}"#;
    assert_eq!(server.push_json("/v1/metrics", body).status, 200);
}

fn condition<'a>(view: &'a Value, kind: &str) -> &'a Value {
    let all = view["status"]["conditions"].as_array().map(Vec::as_slice).unwrap_or_default();
    all.iter().find(|condition| condition["type"] == kind).unwrap_or(&Value::Null)
}

/// Scenario: an agent connects, is offered what a view turns off, refuses it, then obeys; one of the two metrics was never sent.
/// Guarantees: the view's status counts it and says where each rule is done, the refusal in the agent's own words; the component
/// shows its library and both instruments; `explain` says since when it is gated, and finds what no stream has.
#[test]
fn a_user_sees_what_became_of_a_plan() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("quiet.yaml"), OFF).expect("written");
    let server = Pointsman::start(&["--views", folder.path().to_str().expect("a plain path")]);
    push(&server);
    let mut agent = Agent { server: &server, sequence: 0 };
    let first = agent.introduce();
    let config = agent.plan(first);
    let view_until = |what: &str, reason: &str| {
        wait(what, || {
            let view = server.get("/api/v1/views/shop/quiet").json()["item"].clone();
            (condition(&view, "InSync")["reason"] == reason).then_some(view)
        })
    };
    agent.answer(&config, RemoteConfigStatuses::Failed, "no memory for that");
    let view = view_until("the refusal", "ApplyFailed");
    let message = condition(&view, "InSync")["message"].as_str().unwrap_or_default();
    assert!(message.starts_with("0/1: 1 instance refused its plan") && message.contains("\"no memory for that\""), "{message}");
    agent.answer(&config, RemoteConfigStatuses::Applied, "");
    let view = view_until("the answer", "EnforcedAtSource");
    assert_eq!(condition(&view, "InSync")["message"], "1/1 instances obey it at the source");
    assert_eq!(
        view["status"]["components"],
        json!({"matched": 1, "instances": 1, "inSync": 1, "pending": 0, "failed": 0, "unsupported": 0, "summary": "1/1"})
    );
    let rule = &view["status"]["rules"][0];
    assert_eq!((&rule["state"], &rule["enforcedAt"]), (&json!("Active"), &json!({"source": 1, "controller": 0})));
    assert_eq!(rule["instruments"], json!({"matched": 2, "sample": ["gated", "orders"]}), "what nobody sent counts");

    let component = server.get("/api/v1/components/shop/service.shop").json()["item"].clone();
    let sync = &component["sync"];
    assert_eq!((&sync["library"], &sync["inSync"], &sync["applied"]), (&json!("test-library 1.0"), &json!("1/1"), &json!(1)));
    assert_eq!(sync["atSource"], json!(["TelemetryView shop/quiet rule off"]));
    let names: Vec<&Value> = component["instruments"].as_array().expect("a list").iter().map(|one| &one["name"]).collect();
    assert_eq!(names, ["orders", "gated"]);

    let address = format!("http://{}", server.read);
    let (code, text, _) = run(&["explain", "gated", "--server", &address], &[]);
    assert_eq!(code, 0, "{text}");
    assert!(text.starts_with("gated   OFF   shop/shop, 1 instance"), "{text}");
    assert!(text.contains("gated at source since ") && text.contains(" by 1/1 instances   (plan "), "{text}");
    assert!(text.contains("1 of 1 connected (test-library 1.0)"), "{text}");
}
