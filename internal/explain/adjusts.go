package explain

import (
	"reflect"

	"github.com/specguard/specguard/internal/schema"
	"github.com/specguard/specguard/policy"
)

// Adjusts says, in a sentence for each rule that can adjust, what adjusting does.
func Adjusts() (map[string]string, error) {
	c, err := schema.Embedded()
	if err != nil {
		return nil, err
	}
	out := make(map[string]string)
	for _, k := range policy.RuleKinds() {
		if t := reflect.TypeOf(k.Config).Elem(); k.CanAdjust {
			out[k.Name] = sentence(schema.Plain(c.Of(t).Adjusts, "", t))
		}
	}
	return out, nil
}
