package plugin

import (
	"context"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"github.com/specguard/specguard/plugin/judge"
	"github.com/specguard/specguard/plugin/request"
	"github.com/specguard/specguard/policy"
)

// locks finds the mutexes of a value and of the structs in it, by their paths.
func locks(v reflect.Value, path string, found map[string]*sync.Mutex) {
	if v.Kind() != reflect.Struct {
		return
	}
	if v.Type() == reflect.TypeFor[sync.Mutex]() {
		found[path] = (*sync.Mutex)(unsafe.Pointer(v.UnsafeAddr()))
		return
	}
	for i := range v.NumField() {
		locks(v.Field(i), path+"."+v.Type().Field(i).Name, found)
	}
}

// answering is a plugin that was connected to a runtime once.
func answering(t *testing.T) (*Plugin, *policies) {
	t.Helper()
	n := newNode(t, doc("p", strip))
	return n.plugin, n.policies
}

func TestAnswers(t *testing.T) {
	p, policies := answering(t)
	if err := p.CheckResponsive(t.Context()); err != nil {
		t.Errorf("as usual: %v", err)
	}
	policies.answer(nil, func() *policy.Set { panic("p") })
	if err := p.CheckResponsive(t.Context()); err != nil {
		t.Errorf("refuses: %v", err)
	}
	if err := New(&judge.Judge{Policies: policies}, nil).CheckResponsive(t.Context()); err != nil {
		t.Errorf("never connected: %v", err)
	}
}

// TestAnswersNot holds each lock that there is, and hangs what is called.
func TestAnswersNot(t *testing.T) {
	p, policies := answering(t)
	found := make(map[string]*sync.Mutex)
	locks(reflect.ValueOf(p).Elem(), "", found)
	locks(reflect.ValueOf(p.judge).Elem(), "judge", found)
	if len(found) < 8 {
		t.Fatalf("found only %v", found)
	}
	hangs := func(t *testing.T, where string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if err := p.CheckResponsive(ctx); err == nil || !strings.Contains(err.Error(), "cannot be judged: "+request.ErrTimeout.Error()) {
			t.Errorf("%s: %v", where, err)
		}
	}
	for path, lock := range found {
		lock.Lock()
		hangs(t, path)
		lock.Unlock()
	}
	release := make(chan struct{})
	defer close(release)
	policies.answer(nil, func() *policy.Set { <-release; return nil })
	hangs(t, "policies")
}

// TestAnswersInHand has a request that is not answered.
func TestAnswersInHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		policies := &policies{set: compile(t, doc("p", strip))}
		p := New(&judge.Judge{Policies: policies}, nil)
		end := p.judge.InHand.Begin()
		p.judge.InHand.Begin()()
		time.Sleep(inHandTimeout)
		if err := p.CheckResponsive(t.Context()); err != nil {
			t.Errorf("in time: %v", err)
		}
		time.Sleep(time.Second)
		if err := p.CheckResponsive(t.Context()); err == nil || err.Error() != "a request has not been answered for 21s" {
			t.Errorf("late: %v", err)
		}
		end()
		if err := p.CheckResponsive(t.Context()); err != nil {
			t.Errorf("after it: %v", err)
		}
	})
}

// TestAnswersUnread has a request that the agent does not read.
func TestAnswersUnread(t *testing.T) {
	p, _ := answering(t)
	pair := newTrunkPair(t)
	p.conn.begin(t.Context(), nil, pair.timedConn)
	if err := p.CheckResponsive(t.Context()); err != nil {
		t.Error(err)
	}
	pair.sends("request")
	pair.pass(int(inHandTimeout/time.Millisecond) + 1000)
	pair.look()
	if err := p.CheckResponsive(t.Context()); err == nil || err.Error() != "a request has not been read for 21s" {
		t.Error(err)
	}
	pair.reads("request")
	pair.look()
	if err := p.CheckResponsive(t.Context()); err != nil {
		t.Error(err)
	}
}
