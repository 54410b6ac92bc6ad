package manifest

import (
	"strings"
	"testing"
)

// TestQualityOfService puts a container where the kubelet does.
func TestQualityOfService(t *testing.T) {
	for resources, want := range map[string]struct {
		parent string
		score  int
	}{
		"": {"/kubepods/besteffort/pod", 1000},
		"resources: {limits: {example.com/gpu: 1}}":                                                     {"/kubepods/besteffort/pod", 1000},
		"resources: {requests: {memory: 1Mi}}":                                                          {"/kubepods/burstable/pod", 999},
		"resources: {limits: {memory: 1Mi}}":                                                            {"/kubepods/burstable/pod", 999},
		"resources: {limits: {memory: 1Mi, cpu: 1}}":                                                    {"/kubepods/pod", -997},
		"resources: {limits: {memory: 1Mi, cpu: 1}, requests: {memory: 1Mi, cpu: 1}}":                   {"/kubepods/pod", -997},
		"resources: {limits: {memory: 1Mi, cpu: 1}, requests: {cpu: 500m}}":                             {"/kubepods/burstable/pod", 999},
		"resources: {limits: {memory: 1Mi, cpu: 1}, requests: {memory: 1Mi, cpu: 1, example.com/a: 1}}": {"/kubepods/pod", -997},
	} {
		s := one(t, "", resources).Subject
		if !strings.HasPrefix(s.Spec.Linux.CgroupsPath, want.parent+s.Pod.UID+"/") || *s.Spec.Process.OOMScoreAdj != want.score {
			t.Errorf("%s: %s %d", resources, s.Spec.Linux.CgroupsPath, *s.Spec.Process.OOMScoreAdj)
		}
	}
}
