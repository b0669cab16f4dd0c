package main

// What OpAMP has no fields for travels as JSON in custom messages of this capability.
const (
	capability      = "dev.pointsman.sync"
	typeCatalogue   = "catalogue"
	typeReport      = "report"
	planEntry       = "pointsman-plan"
	expiryEntry     = "pointsman-expiry"
	libraryOfClient = "opampclient 1.0.0"
)

// Catalogue says what a component has, and what its library can do with it: this one turns instruments on and off.
type Catalogue struct {
	Library     string       `json:"library"`
	Aspects     []string     `json:"aspects"`
	SchemaURL   string       `json:"schemaUrl,omitempty"`
	Instruments []Instrument `json:"instruments"`
}

// Instrument is one entry of a catalogue.
type Instrument struct {
	Scope      string   `json:"scope,omitempty"`
	Name       string   `json:"name"`
	Kind       string   `json:"kind"`
	Unit       string   `json:"unit,omitempty"`
	Level      string   `json:"level,omitempty"`
	Observed   bool     `json:"observed,omitempty"`
	Attributes []string `json:"attributes,omitempty"`
}

// Report says what became of a plan.
type Report struct {
	Hash  string       `json:"hash"`
	Rules []RuleReport `json:"rules"`
}

// RuleReport says what one rule came to, by the `by` of the plan's lines.
type RuleReport struct {
	By          string `json:"by"`
	Instruments int    `json:"instruments"`
}

// Expiry says how long each step of the plan is away.
type Expiry struct {
	RemainingMs []int64 `json:"remainingMs"`
}
