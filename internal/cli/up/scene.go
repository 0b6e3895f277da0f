package up

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/azptu/azptu/internal/cli/term"
	"github.com/azptu/azptu/internal/cli/verb"
	"github.com/azptu/azptu/internal/daemon"
	"github.com/azptu/azptu/internal/openai"
)

// What the scene deploys: the manual's own example, at its smallest size.
const (
	demoDeployment = "demo-ptu"
	demoModel      = "gpt-4o"
	demoVersion    = "2024-08-06"
	demoCapacity   = "50"
	demoLarger     = "100"
)

// The overload: calls that each claim a good part of the bucket, sent at once.
const (
	overloadCalls     = 24
	overloadMaxTokens = 2000
)

// logged is how long after a call its rows can be queried.
const logged = 1500 * time.Millisecond

// scene is the guided tour: each step shows the command it runs, runs it the
// way a user would, and says what to see in it.
type scene struct {
	env     *verb.Env
	run     func(ctx context.Context, args ...string) error // one azptu command line against this system
	chat    *openai.Client
	gateway *openai.Client
	logs    string // folder of the gateway's logs
	account string
	group   string
}

// play runs every step in order and stops at the first that fails.
func (s *scene) play(ctx context.Context) error {
	steps := []struct {
		title string
		do    func(context.Context) error
	}{
		{"up.step.create", s.create},
		{"up.step.chat", s.talk},
		{"up.step.overload", s.overload},
		{"up.step.scale", s.scale},
		{"up.step.info", s.info},
		{"up.step.delete", s.remove},
		{"up.step.gateway", s.spill},
		{"up.step.logs", s.ask},
	}
	for i, step := range steps {
		s.heading(fmt.Sprintf("%d/%d %s", i+1, len(steps), s.env.T(step.title)))
		if err := step.do(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (s *scene) create(ctx context.Context) error {
	return s.azptu(ctx, s.about("create-ptu-deployment", "--model-name", demoModel, "--model-version", demoVersion,
		"--capacity", demoCapacity, "--deployment-type", "regional")...)
}

func (s *scene) scale(ctx context.Context) error {
	if err := s.azptu(ctx, s.about("update-ptu-capacity", "--new-capacity", demoLarger)...); err != nil {
		return err
	}
	return s.burst(ctx)
}

func (s *scene) info(ctx context.Context) error { return s.azptu(ctx, s.about("get-ptu-info")...) }

func (s *scene) remove(ctx context.Context) error {
	return s.azptu(ctx, s.about("delete-ptu-deployment", "--force")...)
}

func (s *scene) about(command string, flags ...string) []string {
	return append([]string{command, "--resource-group", s.group, "--account-name", s.account, "--deployment-name", demoDeployment}, flags...)
}

// azptu shows a command line and runs it.
func (s *scene) azptu(ctx context.Context, args ...string) error {
	s.say(s.env.Term.OutStyle(term.Bold, "$ azptu "+strings.Join(args, " ")))
	return s.run(ctx, args...)
}

// talk streams one answer to the screen as it is written.
func (s *scene) talk(ctx context.Context) error {
	question := s.env.T("up.question")
	s.say("> " + question)
	reply, err := s.chat.Stream(ctx, demoDeployment, openai.Request{
		Messages:  []openai.Message{{Role: "system", Content: s.env.T("up.teacher")}, {Role: "user", Content: question}},
		MaxTokens: 120,
	}, func(piece string) error {
		_, err := io.WriteString(s.env.Term.Out, piece)
		return err
	})
	s.say("")
	if err != nil {
		return err
	}
	s.say(s.env.Term.OutStyle(term.Faint, s.env.T("up.spoke",
		"Prompt", reply.Usage.Prompt, "Completion", reply.Usage.Completion,
		"First", reply.FirstToken.Round(time.Millisecond).String(), "Total", reply.Total.Round(time.Millisecond).String())))
	return nil
}

// overload sends more than the deployment holds, and shows what it says.
func (s *scene) overload(ctx context.Context) error {
	s.say(s.env.T("up.overload", "Calls", overloadCalls, "Tokens", overloadMaxTokens))
	return s.burst(ctx)
}

// spill sends the same burst through the gateway: what does not fit goes to
// the deployment that is billed by the token, and nobody is refused.
func (s *scene) spill(ctx context.Context) error {
	s.say(s.env.T("up.through", "Calls", overloadCalls, "Pool", daemon.Pool))
	var mu sync.Mutex
	var wg sync.WaitGroup
	provisioned, spilled, refused := 0, 0, 0
	var failed error
	for i := range overloadCalls {
		wg.Go(func() {
			reply, err := s.gateway.Chat(ctx, daemon.Pool, openai.Request{
				Messages:  []openai.Message{{Role: "user", Content: s.env.T("up.essay", "Number", i+1)}},
				MaxTokens: overloadMaxTokens,
			})
			mu.Lock()
			defer mu.Unlock()
			var problem *openai.Error
			switch {
			case errors.As(err, &problem) && problem.Status == 429:
				refused++
			case err != nil:
				failed = err
			case reply.SpilledOver:
				spilled++
			default:
				provisioned++
			}
		})
	}
	wg.Wait()
	if failed != nil {
		return failed
	}
	s.say(s.env.T("up.spilled", "Provisioned", provisioned, "Spilled", spilled, "Refused", refused))
	return nil
}

// ask asks the gateway's log what happened, once it is on disk.
func (s *scene) ask(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(logged):
	}
	return s.azptu(ctx, "logs", "query", "--dir", s.logs, "Calls | summarize calls = count(), tokens = sum(TotalTokens) by Backend, Model | order by calls desc")
}

// burst sends the calls at once and counts what became of them.
func (s *scene) burst(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var mu sync.Mutex
	var wg sync.WaitGroup
	served, refused, wait := 0, 0, time.Duration(0)
	var failed error
	for i := range overloadCalls {
		wg.Go(func() {
			// A call is left as soon as it was admitted: the scene is about who
			// gets in, and leaving gives the capacity back.
			_, err := s.chat.Stream(ctx, demoDeployment, openai.Request{
				Messages:  []openai.Message{{Role: "user", Content: s.env.T("up.essay", "Number", i+1)}},
				MaxTokens: overloadMaxTokens,
			}, func(string) error { return errAdmitted })
			mu.Lock()
			defer mu.Unlock()
			var problem *openai.Error
			switch {
			case err == nil || errors.Is(err, errAdmitted):
				served++
			case errors.As(err, &problem) && problem.Status == 429:
				refused++
				wait = max(wait, problem.RetryAfter)
			default:
				failed = err
			}
		})
	}
	wg.Wait()
	if failed != nil {
		return failed
	}
	s.say(s.env.T("up.burst", "Served", served, "Refused", refused))
	if refused > 0 {
		s.say(s.env.T("up.refused", "Wait", wait.Round(time.Millisecond).String()))
	}
	return nil
}

var errAdmitted = errors.New("admitted")

func (s *scene) heading(text string) {
	s.say("\n" + s.env.Term.OutStyle(term.Cyan, text))
}

func (s *scene) say(text string) { fmt.Fprintln(s.env.Term.Out, text) }
