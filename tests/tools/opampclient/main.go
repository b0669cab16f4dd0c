// Command opampclient is an ordinary user of the public Go client of the Open Agent Management Protocol: it takes the plans
// that a controller offers and turns instruments of the OpenTelemetry Go SDK off and on as they say. follow.go, plan.go and
// gates.go are the example of the recipe for Go operators; this file makes it a tool that tests steer.
//
// It prints a JSON object a line for each event, and takes commands on standard input: apply, fail TEXT, effective, describe
// KEY=VALUE, drop, quit. With -plan it only answers of one plan: "SCOPE NAME KIND", or "SCOPE NAME span", a line each.
package main

import (
	"bufio"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/open-telemetry/opamp-go/client/types"
	"github.com/open-telemetry/opamp-go/protobufs"
)

// attributes are those of one flag that may be given more than once.
type attributes map[string]string

func (a attributes) String() string { return fmt.Sprint(map[string]string(a)) }

func (a attributes) Set(text string) error {
	key, value, found := strings.Cut(text, "=")
	if !found {
		return errors.New("it has the form KEY=VALUE")
	}
	a[key] = value
	return nil
}

type options struct {
	catalogue, uid, plan, otlp string
	passed                     int
	manual                     bool
}

func main() {
	identity := attributes{}
	follower := &Follower{Identity: identity, Gates: &Gates{}}
	var o options
	flag.StringVar(&follower.Server, "server", "", "ws://… or http://… of the controller, with its path")
	flag.Var(identity, "attribute", "KEY=VALUE of the identity, more than once")
	flag.StringVar(&o.catalogue, "catalogue", "", "JSON file with the catalogue; none = it is not sent")
	flag.StringVar(&o.uid, "uid", "", "instance uid in hexadecimal; none = a new one")
	flag.StringVar(&follower.Cache, "cache", "", "file for the last good plan")
	flag.DurationVar(&follower.Heartbeat, "heartbeat", time.Second, "between two signs of life")
	flag.BoolVar(&follower.Compress, "compress", false, "compress what is sent")
	flag.BoolVar(&o.manual, "manual", false, "answer offers by command")
	flag.StringVar(&o.otlp, "otlp", "", "HOST:PORT to which the catalogue's counters are pushed every second, by gRPC")
	flag.StringVar(&o.plan, "plan", "", "file of a plan to answer of; nothing else is done")
	flag.IntVar(&o.passed, "passed", 0, "how many steps of that plan are over")
	flag.Parse()
	if o.plan != "" {
		if err := answer(o.plan, o.passed); err != nil {
			log.Fatal(err)
		}
		return
	}
	if err := run(follower, o); err != nil {
		log.Fatal(err)
	}
}

// answer tells of each instrument or span on standard input whether the plan has it on.
func answer(file string, passed int) error {
	document, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	plan, err := ReadPlan(document)
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		// An empty scope and an unknown kind are a dash; a name may have blanks.
		words := strings.Fields(lines.Text())
		if len(words) < 3 {
			return fmt.Errorf("%q is not SCOPE NAME KIND", lines.Text())
		}
		scope, name, kind := words[0], strings.Join(words[1:len(words)-1], " "), words[len(words)-1]
		scope, kind = strings.TrimPrefix(scope, "-"), strings.TrimPrefix(kind, "-")
		on := false
		if kind == "span" {
			on = plan.SpanEnabled(scope, name, passed)
		} else {
			on, _ = plan.Enabled(scope, name, kind, passed)
		}
		fmt.Println(on)
	}
	return lines.Err()
}

func run(follower *Follower, o options) error {
	var printing sync.Mutex
	out := json.NewEncoder(os.Stdout)
	follower.Tell = func(event string, fields map[string]any) {
		line := map[string]any{"event": event}
		for key, value := range fields {
			line[key] = value
		}
		printing.Lock()
		defer printing.Unlock()
		if err := out.Encode(line); err != nil {
			log.Fatal(err) // whoever reads is gone
		}
	}
	if err := prepare(follower, o); err != nil {
		return err
	}
	offers := make(chan *protobufs.AgentRemoteConfig, 16)
	if o.manual {
		follower.Offered = func(config *protobufs.AgentRemoteConfig) { offers <- config }
	}
	if o.otlp != "" {
		stop, err := push(context.Background(), o.otlp, follower)
		if err != nil {
			return err
		}
		defer stop()
	}
	commands := make(chan string)
	go func() {
		defer close(commands)
		for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
			commands <- lines.Text()
		}
	}()
	for again := true; again; {
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- follower.Run(ctx) }()
		again = steer(follower, commands, offers)
		cancel()
		if err := <-ended; err != nil {
			return err
		}
		follower.Tell("disconnected", nil)
	}
	return nil
}

func prepare(follower *Follower, o options) error {
	uid, err := uuid.NewV7()
	if err != nil {
		return err
	}
	follower.UID = types.InstanceUid(uid)
	if o.uid != "" {
		bytes, err := hex.DecodeString(o.uid)
		if err != nil || len(bytes) != len(follower.UID) {
			return fmt.Errorf("%q is no uid", o.uid)
		}
		copy(follower.UID[:], bytes)
	}
	if o.catalogue == "" {
		return nil
	}
	document, err := os.ReadFile(o.catalogue)
	if err != nil {
		return err
	}
	follower.Catalogue = &Catalogue{Library: libraryOfClient, Aspects: []string{"state"}}
	if err := json.Unmarshal(document, follower.Catalogue); err != nil {
		return fmt.Errorf("read the catalogue: %w", err)
	}
	for _, instrument := range follower.Catalogue.Instruments {
		follower.Gates.For(instrument)
	}
	return nil
}

// steer does what it is told; answers whether to connect again.
func steer(follower *Follower, commands <-chan string, offers <-chan *protobufs.AgentRemoteConfig) bool {
	for command := range commands {
		word, rest, _ := strings.Cut(command, " ")
		switch word {
		case "apply", "fail":
			var refusal error
			if word == "fail" {
				refusal = errors.New(rest)
			}
			select {
			case config := <-offers:
				follower.Answer(config, refusal)
			case <-time.After(20 * time.Second):
				follower.Tell("no_offer", nil)
			}
		case "effective":
			follower.UpdateEffective()
		case "describe":
			if err := attributes(follower.Identity).Set(rest); err != nil {
				follower.Tell("unknown", map[string]any{"command": command})
				continue
			}
			follower.Describe()
		case "drop":
			return true
		case "quit":
			return false
		default:
			follower.Tell("unknown", map[string]any{"command": command})
		}
	}
	return false
}
