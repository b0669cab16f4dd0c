package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/open-telemetry/opamp-go/client"
	"github.com/open-telemetry/opamp-go/client/types"
	"github.com/open-telemetry/opamp-go/protobufs"
)

// Follower keeps a session with the controller and obeys the plans that it offers.
type Follower struct {
	Server    string // ws://…/v1/opamp, or http://…/v1/opamp to ask from time to time
	Identity  map[string]string
	Catalogue *Catalogue // nil = it is not sent
	Gates     *Gates
	Cache     string        // a file for the last good plan; empty = none
	Heartbeat time.Duration // between two signs of life; over HTTP between two questions
	Compress  bool
	UID       types.InstanceUid

	// Tell is told what happens.
	Tell func(event string, fields map[string]any)
	// Offered may take an offer to Answer it later; nil = it is obeyed at once.
	Offered func(config *protobufs.AgentRemoteConfig)

	client client.OpAMPClient
	custom chan *protobufs.CustomMessage
	mu     sync.Mutex
	plan   *protobufs.AgentRemoteConfig // the last one that was obeyed
	status *protobufs.RemoteConfigStatus
	there  bool
}

// Run keeps the session until the context ends.
func (f *Follower) Run(ctx context.Context) error {
	f.load()
	f.there = false
	f.custom = make(chan *protobufs.CustomMessage, 8)
	if strings.HasPrefix(f.Server, "ws") {
		f.client = client.NewWebSocket(nil)
	} else {
		f.client = client.NewHTTP(nil)
	}
	capabilities := protobufs.AgentCapabilities_AgentCapabilities_ReportsStatus |
		protobufs.AgentCapabilities_AgentCapabilities_AcceptsRemoteConfig |
		protobufs.AgentCapabilities_AgentCapabilities_ReportsRemoteConfig |
		protobufs.AgentCapabilities_AgentCapabilities_ReportsEffectiveConfig |
		protobufs.AgentCapabilities_AgentCapabilities_ReportsHeartbeat
	if err := errors.Join(
		f.client.SetCapabilities(&capabilities),
		f.client.SetAgentDescription(f.description()),
		f.client.SetCustomCapabilities(&protobufs.CustomCapabilities{Capabilities: []string{capability}}),
	); err != nil {
		return err
	}
	err := f.client.Start(ctx, types.StartSettings{
		OpAMPServerURL:     f.Server,
		InstanceUid:        f.UID,
		RemoteConfigStatus: f.status, // what we obey already is not offered again
		EnableCompression:  f.Compress,
		HeartbeatInterval:  &f.Heartbeat,
		Callbacks: types.Callbacks{
			OnConnect:          f.onConnect,
			OnConnectFailed:    f.onConnectFailed,
			OnError:            f.onError,
			OnMessage:          f.onMessage,
			GetEffectiveConfig: f.effective,
		},
	})
	if err != nil {
		return err
	}
	f.work(ctx)
	stopping, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return f.client.Stop(stopping)
}

func (f *Follower) description() *protobufs.AgentDescription {
	description := &protobufs.AgentDescription{}
	for key, value := range f.Identity {
		attribute := &protobufs.KeyValue{Key: key, Value: &protobufs.AnyValue{Value: &protobufs.AnyValue_StringValue{StringValue: value}}}
		description.IdentifyingAttributes = append(description.IdentifyingAttributes, attribute)
	}
	return description
}

// Describe says anew who this is.
func (f *Follower) Describe() {
	if err := f.client.SetAgentDescription(f.description()); err != nil {
		f.Tell("not_sent", map[string]any{"why": err.Error()})
	}
}

// work sends custom messages, one at a time, and ends in time what the plan says ends.
func (f *Follower) work(ctx context.Context) {
	_, _, wait := f.Gates.Tick()
	step := time.NewTimer(wait)
	defer step.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case message := <-f.custom:
			for sent, err := f.client.SendCustomMessage(message); err != nil; sent, err = f.client.SendCustomMessage(message) {
				if !errors.Is(err, types.ErrCustomMessagePending) {
					f.Tell("not_sent", map[string]any{"why": err.Error()})
					break
				}
				select {
				case <-sent:
				case <-ctx.Done():
					return
				}
			}
			_, _, wait = f.Gates.Tick()
			step.Reset(wait)
		case <-step.C:
			hash, changed, wait := f.Gates.Tick()
			if changed {
				f.Tell("step", map[string]any{"hash": hash})
				f.acknowledge(hash, nil)
			}
			step.Reset(wait)
		}
	}
}

// Over HTTP the client calls this for each answer.
func (f *Follower) onConnect(context.Context) {
	f.mu.Lock()
	told := f.there && !strings.HasPrefix(f.Server, "ws")
	f.there = true
	f.mu.Unlock()
	if !told {
		f.Tell("connected", nil)
	}
}

func (f *Follower) onConnectFailed(_ context.Context, err error) {
	f.mu.Lock()
	f.there = false
	f.mu.Unlock()
	f.Tell("connect_failed", map[string]any{"why": err.Error()})
}

func (f *Follower) onMessage(_ context.Context, message *types.MessageData) {
	if identity := message.AgentIdentification; identity != nil {
		f.mu.Lock()
		copy(f.UID[:], identity.NewInstanceUid)
		f.mu.Unlock()
		f.Tell("identity", map[string]any{"uid": hex.EncodeToString(identity.NewInstanceUid)})
	}
	if config := message.RemoteConfig; config != nil {
		entry := config.GetConfig().GetConfigMap()[planEntry]
		hash := hex.EncodeToString(config.ConfigHash)
		f.Tell("config", map[string]any{"hash": hash, "contentType": entry.GetContentType(), "plan": json.RawMessage(valid(entry.GetBody()))})
		if f.Offered != nil {
			f.Offered(config)
			return
		}
		f.Answer(config, nil)
	}
}

// Answer obeys an offer, or tells why not: then everything stays as it was.
func (f *Follower) Answer(config *protobufs.AgentRemoteConfig, refusal error) {
	if refusal == nil {
		refusal = f.obey(config)
	}
	f.acknowledge(hex.EncodeToString(config.ConfigHash), refusal)
}

// obey does what the plan says, if it can be read.
func (f *Follower) obey(config *protobufs.AgentRemoteConfig) error {
	entries := config.GetConfig().GetConfigMap()
	document := entries[planEntry].GetBody()
	plan, err := ReadPlan(document)
	if err != nil {
		return err
	}
	var expiry Expiry
	if entry := entries[expiryEntry]; entry != nil {
		if err := json.Unmarshal(entry.Body, &expiry); err != nil {
			return fmt.Errorf("read when the plan ends: %w", err)
		}
	}
	left := make([]time.Duration, len(expiry.RemainingMs))
	for i, ms := range expiry.RemainingMs {
		left[i] = time.Duration(ms) * time.Millisecond
	}
	f.Gates.Obey(plan, left)
	f.mu.Lock()
	f.plan = config
	f.mu.Unlock()
	f.save(document)
	return nil
}

// acknowledge says which plan holds, or why an offered one does not, and what became of each rule.
func (f *Follower) acknowledge(hash string, refusal error) {
	raw, _ := hex.DecodeString(hash) // it was made from bytes, or read as hexadecimal
	status := &protobufs.RemoteConfigStatus{
		LastRemoteConfigHash: raw,
		Status:               protobufs.RemoteConfigStatuses_RemoteConfigStatuses_APPLIED,
	}
	if refusal != nil {
		status.Status = protobufs.RemoteConfigStatuses_RemoteConfigStatuses_FAILED
		status.ErrorMessage = refusal.Error()
	}
	f.mu.Lock()
	f.status = status
	f.mu.Unlock()
	if err := f.client.SetRemoteConfigStatus(status); err != nil {
		f.Tell("not_sent", map[string]any{"why": err.Error()})
	}
	if refusal != nil {
		f.Tell("refused", map[string]any{"hash": hash, "why": refusal.Error()})
		return
	}
	f.UpdateEffective()
	f.send(typeReport, f.Gates.Report())
	f.Tell("applied", map[string]any{"hash": hash, "gates": f.Gates.States()})
}

// UpdateEffective sends what is obeyed.
func (f *Follower) UpdateEffective() {
	if err := f.client.UpdateEffectiveConfig(context.WithValue(context.Background(), ours{}, true)); err != nil {
		f.Tell("not_sent", map[string]any{"why": err.Error()})
	}
}

// ours marks what we ask of ourselves.
type ours struct{}

// effective is what is obeyed. The client asks at its start and whenever the server wants to know all, because it lost what
// we said before: then the catalogue goes with it, which the client does not keep.
func (f *Follower) effective(ctx context.Context) (*protobufs.EffectiveConfig, error) {
	if ctx.Value(ours{}) == nil {
		f.Tell("full_state", nil)
		if f.Catalogue != nil {
			f.send(typeCatalogue, f.Catalogue)
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return &protobufs.EffectiveConfig{ConfigMap: f.plan.GetConfig()}, nil
}

func (f *Follower) send(kind string, content any) {
	data, err := json.Marshal(content)
	if err != nil {
		f.Tell("not_sent", map[string]any{"why": err.Error()})
		return
	}
	select {
	case f.custom <- &protobufs.CustomMessage{Capability: capability, Type: kind, Data: data}:
	default:
		f.Tell("not_sent", map[string]any{"why": "too many messages wait"})
	}
}

func (f *Follower) onError(_ context.Context, response *protobufs.ServerErrorResponse) {
	fields := map[string]any{"type": response.Type.String(), "why": response.ErrorMessage}
	if retry := response.GetRetryInfo(); retry != nil {
		fields["retryAfterMs"] = retry.RetryAfterNanoseconds / uint64(time.Millisecond)
	}
	f.Tell("error", fields)
}

// load obeys the last good plan: a process that starts while its controller is away does not fall back to everything.
func (f *Follower) load() {
	if f.Cache == "" || f.plan != nil {
		return
	}
	document, err := os.ReadFile(f.Cache)
	if err != nil {
		return // there was none yet
	}
	plan, err := ReadPlan(document)
	if err != nil {
		f.Tell("cache", map[string]any{"why": err.Error()})
		return
	}
	f.Gates.Obey(plan, nil)
	hash, _, _ := f.Gates.Tick()
	raw, _ := hex.DecodeString(hash)
	f.plan = &protobufs.AgentRemoteConfig{Config: &protobufs.AgentConfigMap{ConfigMap: map[string]*protobufs.AgentConfigFile{
		planEntry: {Body: document, ContentType: "application/json"},
	}}}
	f.status = &protobufs.RemoteConfigStatus{LastRemoteConfigHash: raw, Status: protobufs.RemoteConfigStatuses_RemoteConfigStatuses_APPLIED}
	f.Tell("cache", map[string]any{"hash": hash, "gates": f.Gates.States()})
}

// save keeps a good plan for the next start; whole or not at all.
func (f *Follower) save(document []byte) {
	if f.Cache == "" {
		return
	}
	err := os.WriteFile(f.Cache+".new", document, 0o600)
	if err == nil {
		err = os.Rename(f.Cache+".new", f.Cache)
	}
	if err != nil {
		f.Tell("cache", map[string]any{"why": err.Error()})
	}
}

func valid(body []byte) []byte {
	if json.Valid(body) {
		return body
	}
	return []byte("null")
}
