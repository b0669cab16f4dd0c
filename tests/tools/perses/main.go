// Reads dashboards with the types of Perses' own API, and says what they refuse or lose: what is gone when a file is read and
// written again is a key that Perses does not know. Plugins' own settings are any JSON to these types.
//
//	perses FILE...   prints each fault; ends with `read: N, faults: N`, and fails if there is one
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"

	v1 "github.com/perses/perses/pkg/model/api/v1"
	"gopkg.in/yaml.v3"
)

func main() {
	faults := 0
	for _, path := range os.Args[1:] {
		for _, fault := range judge(path) {
			faults++
			fmt.Printf("%s: %s\n", path, fault)
		}
	}
	fmt.Printf("read: %d, faults: %d\n", len(os.Args)-1, faults)
	if faults > 0 || len(os.Args) == 1 {
		os.Exit(1)
	}
}

func judge(path string) []string {
	text, err := os.ReadFile(path)
	if err != nil {
		return []string{err.Error()}
	}
	var given any
	if err := yaml.Unmarshal(text, &given); err != nil {
		return []string{err.Error()}
	}
	sent, err := json.Marshal(given)
	if err != nil {
		return []string{err.Error()}
	}
	var dashboard v1.Dashboard
	if err := json.Unmarshal(sent, &dashboard); err != nil {
		return []string{err.Error()}
	}
	kept, err := json.Marshal(dashboard)
	if err != nil {
		return []string{err.Error()}
	}
	var before, after any
	if json.Unmarshal(sent, &before) != nil || json.Unmarshal(kept, &after) != nil {
		return []string{"what was written is no JSON"}
	}
	return lost("", before, after)
}

// What is in one document and not, or not the same, in the other.
func lost(at string, before, after any) []string {
	switch before := before.(type) {
	case map[string]any:
		other, ok := after.(map[string]any)
		if !ok {
			return []string{at + " became something else"}
		}
		var faults []string
		for key, value := range before {
			if kept, ok := other[key]; ok {
				faults = append(faults, lost(at+"/"+key, value, kept)...)
			} else if value != false {
				// A switch that is off is left out.
				faults = append(faults, at+"/"+key+" is not known")
			}
		}
		return faults
	case []any:
		other, ok := after.([]any)
		if !ok || len(other) != len(before) {
			return []string{at + " became something else"}
		}
		var faults []string
		for n := range before {
			faults = append(faults, lost(fmt.Sprintf("%s/%d", at, n), before[n], other[n])...)
		}
		return faults
	}
	if !reflect.DeepEqual(before, after) {
		return []string{fmt.Sprintf("%s: %v became %v", at, before, after)}
	}
	return nil
}
