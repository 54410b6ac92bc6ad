package doctor

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// checkAgent asks the agent whether it is ready.
func checkAgent(ctx context.Context, n *Node) []Finding {
	if n.HTTP == "" {
		return []Finding{warning("configure an address: http", "cannot check whether an agent runs: it does not serve /readyz")}
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+n.HTTP+"/readyz", nil)
	if err != nil {
		return []Finding{problem("name the address as HOST:PORT: --http", "%v", err)}
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // and no proxy
	res, err := client.Do(req)
	if of, wrapped := errors.AsType[*url.Error](err); wrapped {
		err = of.Err // which says what matters
	}
	if err != nil {
		return []Finding{warning("start it: specguard run", "no agent at %s: %v", n.HTTP, err)}
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(res.Body, 64<<10)) // as far as it came
	if res.StatusCode == http.StatusOK {
		return []Finding{ok("ready at %s", n.HTTP)}
	}
	f := problem("read its log", "not ready at %s: %s", n.HTTP, res.Status)
	f.Details = strings.Split(strings.TrimSpace(string(body)), "\n")
	return []Finding{f}
}
