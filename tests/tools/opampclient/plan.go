package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Schema is the newest form of a plan that is read here.
const Schema = 1

// Plan says what one component is to record and send: the entry `pointsman-plan` of its remote configuration. The form is
// published as otel/plan.schema.json; fields that are not needed here are left out.
type Plan struct {
	Schema      int        `json:"schema"`
	Component   string     `json:"component"`
	Hash        string     `json:"hash"`
	Instruments []Line     `json:"instruments"`
	Tail        []TailLine `json:"tail"`
	Baseline    struct {
		On bool   `json:"on"`
		By string `json:"by"`
	} `json:"baseline"`
	Spans []SpanLine `json:"spans"`
	Next  []Step     `json:"next"`

	lines map[[2]string]*Line // by scope and name
}

// Line decides one instrument of the catalogue. An empty scope is any.
type Line struct {
	Scope string `json:"scope"`
	Name  string `json:"name"`
	Says
	Then []struct {
		Step int `json:"step"`
		Says
	} `json:"then"`
}

// Says is what holds for an instrument at one moment.
type Says struct {
	On bool   `json:"on"`
	By string `json:"by"`
}

// TailLine decides instruments that no Line names: the first that matches.
type TailLine struct {
	Instruments string   `json:"instruments"`
	Scopes      []string `json:"scopes"`
	Kinds       []string `json:"kinds"`
	On          bool     `json:"on"`
	Until       *int     `json:"until"`
	By          string   `json:"by"`
}

// SpanLine decides spans: the first that matches.
type SpanLine struct {
	Spans  string   `json:"spans"`
	Scopes []string `json:"scopes"`
	On     bool     `json:"on"`
	Until  *int     `json:"until"`
	By     string   `json:"by"`
}

// Step is a moment at which parts of a plan end. From then on it is the plan of that hash.
type Step struct {
	At   time.Time `json:"at"`
	Hash string    `json:"hash"`
}

// ReadPlan reads a plan. A newer form is refused: its fields may mean something else.
func ReadPlan(document []byte) (*Plan, error) {
	var plan Plan
	if err := json.Unmarshal(document, &plan); err != nil {
		return nil, fmt.Errorf("read the plan: %w", err)
	}
	if plan.Schema > Schema {
		return nil, fmt.Errorf("read the plan: its form is %d, known here is %d", plan.Schema, Schema)
	}
	if len(plan.Hash) != 32 {
		return nil, fmt.Errorf("read the plan: %q is no hash", plan.Hash)
	}
	plan.lines = make(map[[2]string]*Line, len(plan.Instruments))
	for i := range plan.Instruments {
		line := &plan.Instruments[i]
		plan.lines[[2]string{line.Scope, line.Name}] = line
	}
	return &plan, nil
}

// Enabled tells whether an instrument is recorded and sent once so many steps have passed, and who says so.
// The kind is as on the wire: Counter, UpDownCounter, Gauge, Histogram; empty where it is not known.
func (p *Plan) Enabled(scope, name, kind string, passed int) (on bool, by string) {
	line := p.lines[[2]string{scope, name}]
	if line == nil {
		line = p.lines[[2]string{"", name}]
	}
	if line != nil {
		says := line.Says
		for _, then := range line.Then {
			if then.Step <= passed {
				says = then.Says
			}
		}
		return says.On, says.By
	}
	for _, tail := range p.Tail {
		if holds(tail.Until, passed) && tail.matches(scope, name, kind) {
			return tail.On, tail.By
		}
	}
	return p.Baseline.On, p.Baseline.By
}

// SpanEnabled tells whether spans of this name are made once so many steps have passed.
func (p *Plan) SpanEnabled(scope, name string, passed int) bool {
	for _, line := range p.Spans {
		if holds(line.Until, passed) && anyMatches(line.Scopes, scope) && glob(line.Spans, name) {
			return line.On
		}
	}
	return true
}

// Passed counts the steps that are over. Two clocks may disagree: `left` says how long each step was away when the plan
// came, that long ago; whichever says it is over is right.
func (p *Plan) Passed(now time.Time, left []time.Duration, ago time.Duration) int {
	passed := 0
	for i, step := range p.Next {
		if !now.Before(step.At) || (i < len(left) && ago >= left[i]) {
			passed = i + 1
		}
	}
	return passed
}

// HashAfter is the name of the plan once so many steps have passed: what is acknowledged then.
func (p *Plan) HashAfter(passed int) string {
	if passed > 0 && passed <= len(p.Next) {
		return p.Next[passed-1].Hash
	}
	return p.Hash
}

func holds(until *int, passed int) bool { return until == nil || passed < *until }

// A line that is off means what it says and no more. One that is on may be spelled as Prometheus does, with a unit and a
// suffix behind the name, and it may be about a kind that is not known here.
func (t *TailLine) matches(scope, name, kind string) bool {
	if len(t.Kinds) > 0 && !anyMatches(t.Kinds, kind) && !(t.On && kind == "") {
		return false
	}
	if !anyMatches(t.Scopes, scope) {
		return false
	}
	return glob(t.Instruments, name) || (t.On && mayMean(t.Instruments, name))
}

// No pattern is any.
func anyMatches(patterns []string, text string) bool {
	for _, pattern := range patterns {
		if glob(pattern, text) {
			return true
		}
	}
	return len(patterns) == 0
}

// Whether the pattern may be meant for this metric as Prometheus spells it: what it does not know becomes `_`, the words
// `total` and `ratio` go to the end, and unit and suffix stand behind.
func mayMean(pattern, name string) bool {
	all := strings.FieldsFunc(name, isNoLetter)
	for _, moved := range []string{"", "total", "ratio"} {
		words := slices.DeleteFunc(slices.Clone(all), func(word string) bool { return word == moved })
		spelled := strings.Join(words, "_")
		first, _ := utf8.DecodeRuneInString(name)
		if isNoLetter(first) || spelled != "" && spelled[0] <= '9' {
			spelled = "_" + spelled
		}
		if glob(pattern, spelled) || len(states(pattern, spelled+"_")) > 0 {
			return true
		}
	}
	return false
}

func isNoLetter(c rune) bool {
	isLetter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
	return !isLetter && !(c >= '0' && c <= '9') && c != ':'
}

// Whether all of the text matches; `*` is any run of characters and `?` one.
func glob(pattern, text string) bool {
	for _, at := range states(pattern, text) {
		if strings.Trim(pattern[at:], "*") == "" {
			return true
		}
	}
	return false
}

// Every place in the pattern at which one may stand once the text is read. Never more steps than pattern times text.
func states(pattern, text string) []int {
	now := []int{0}
	for _, char := range text {
		var next []int
		for _, at := range now {
			// A `*` is passed by, and stays.
			for ; at < len(pattern) && pattern[at] == '*'; at++ {
				next = add(next, at)
			}
			if rest := pattern[at:]; rest != "" && rest[0] == '?' {
				next = add(next, at+1)
			} else if strings.HasPrefix(rest, string(char)) {
				next = add(next, at+len(string(char)))
			}
		}
		now = next
	}
	return now
}

func add(places []int, at int) []int {
	for _, place := range places {
		if place == at {
			return places
		}
	}
	return append(places, at)
}
