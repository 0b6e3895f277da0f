package doctor

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/azptu/azptu/internal/cli/exit"
	"github.com/azptu/azptu/internal/cli/session"
	"github.com/azptu/azptu/internal/gateway/config"
	"github.com/azptu/azptu/internal/settings"
)

// checkSettings tells whether the configuration can be read.
func checkSettings(_ context.Context, w *ward) []Finding {
	configured, err := w.env.Settings()
	if err != nil {
		return []Finding{explained(w.failed("settings.faulty", "Error", firstLine(w.env.Explain(err).Error())), w.env.Explain(err))}
	}
	if len(configured.Files) == 0 {
		return []Finding{w.ok("settings.none")}
	}
	return []Finding{w.ok("settings.ok", "Files", strings.Join(configured.Files, ", "))}
}

// checkState tells whether what is remembered can be read and written.
func checkState(ctx context.Context, w *ward) []Finding {
	state, err := w.env.Remembered(ctx)
	if err != nil {
		return []Finding{explained(w.failed("state.faulty", "Error", firstLine(err.Error())), err)}
	}
	if state.Project == "" {
		return []Finding{w.ok("state.empty", "Path", w.env.State().Path())}
	}
	return []Finding{w.ok("state.ok", "Project", state.Project)}
}

// roomy is how much free space is plenty for settings, state and a short log,
// in bytes.
const roomy = 200 << 20

// checkDisk tells whether the folder of the state can be written, and has room.
func checkDisk(_ context.Context, w *ward) []Finding {
	dir := settings.FindFolders(w.env.Getenv).State
	if dir == "" {
		return []Finding{w.failed("disk.homeless")}
	}
	for { // the nearest folder that is there
		info, err := os.Stat(dir)
		if err == nil && info.IsDir() {
			break
		}
		if parent := filepath.Dir(dir); err != nil && errors.Is(err, fs.ErrNotExist) && parent != dir {
			dir = parent
			continue
		}
		return []Finding{w.failed("disk.no-folder", "Path", dir)}
	}
	file, err := os.CreateTemp(dir, ".azptu-doctor-*")
	if err != nil {
		return []Finding{w.failed("disk.unwritable", "Path", dir)}
	}
	_ = file.Close()
	_ = os.Remove(file.Name())
	free, known := freeSpace(dir)
	megabytes := int(free >> 20)
	switch {
	case !known:
		return []Finding{w.ok("disk.writable", "Path", dir)}
	case free < roomy:
		return []Finding{w.warning("disk.little", "Path", dir, "Free", megabytes)}
	}
	return []Finding{w.ok("disk.ok", "Path", dir, "Free", w.env.Printer().Number(int64(megabytes)))}
}

// checkPorts tells whether the gateway's addresses are free: those of the
// gateway.yaml that lies here, else the usual ones.
func checkPorts(ctx context.Context, w *ward) []Finding {
	addresses := []string{"127.0.0.1:8080", "127.0.0.1:8081"}
	if raw, err := os.ReadFile(filepath.Join(w.env.WorkDir, "gateway.yaml")); err == nil {
		if c, err := config.Parse(raw); err == nil {
			addresses = []string{c.Listen}
			if c.Admin != "" {
				addresses = append(addresses, c.Admin)
			}
		}
	}
	var taken []string
	for _, address := range addresses {
		var listener net.ListenConfig
		open, err := listener.Listen(ctx, "tcp", address)
		if err != nil {
			taken = append(taken, address)
			continue
		}
		_ = open.Close()
	}
	if len(taken) > 0 {
		return []Finding{w.warning("ports.taken", "Addresses", strings.Join(taken, ", "))}
	}
	return []Finding{w.ok("ports.ok", "Addresses", strings.Join(addresses, ", "))}
}

// checkAzureCLI tells whether the Azure CLI is there: one may sign in by it.
func checkAzureCLI(_ context.Context, w *ward) []Finding {
	for _, dir := range filepath.SplitList(w.env.Getenv("PATH")) {
		for _, name := range []string{"az", "az.cmd", "az.exe"} {
			path := filepath.Join(dir, name)
			if info, err := os.Stat(path); err == nil && !info.IsDir() {
				return []Finding{w.ok("azure-cli.ok", "Path", path)}
			}
		}
	}
	return []Finding{w.ok("azure-cli.none")}
}

// stale is how old figures may be before one should look for newer ones:
// Microsoft's tables change every few weeks.
const stale = 180 * 24 * time.Hour

// checkCatalogAge tells how old the published figures are.
func checkCatalogAge(_ context.Context, w *ward) []Finding {
	published, err := w.env.Catalog()
	if err != nil {
		return []Finding{explained(w.failed("catalog-age.unreadable", "Error", firstLine(err.Error())), err)}
	}
	asOf, err := time.Parse(time.DateOnly, published.AsOf)
	if err != nil {
		return []Finding{w.ok("catalog-age.undated", "Name", published.Name)}
	}
	days := int(w.env.Now().Sub(asOf).Hours() / 24)
	if w.env.Now().Sub(asOf) > stale {
		return []Finding{w.warning("catalog-age.old", "Name", published.Name, "Date", asOf, "Days", days)}
	}
	return []Finding{w.ok("catalog-age.ok", "Name", published.Name, "Date", asOf, "Days", days)}
}

// checkCloud tells which cloud is meant and whether it is known.
func checkCloud(_ context.Context, w *ward) []Finding {
	cloud, err := session.FindCloud(w.env)
	if err != nil {
		return []Finding{explained(w.failed("cloud.faulty", "Error", firstLine(err.Error())), err)}
	}
	if w.session == nil {
		_, err := session.Open(w.env)
		return []Finding{explained(w.failed("cloud.faulty", "Error", firstLine(err.Error())), err)}
	}
	return []Finding{w.ok("cloud.ok", "Name", cloud.Name, "Address", cloud.ARM)}
}

// explained gives f the first hint of an error that is ready to be printed.
func explained(f Finding, err error) Finding {
	var ready *exit.Error
	if f.Hint == nil && errors.As(err, &ready) && len(ready.Hints) > 0 {
		return hinted(f, ready.Hints[0])
	}
	return f
}

func firstLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if len(lines) > 1 {
		return strings.TrimSpace(lines[0]) + " " + strings.TrimSpace(lines[1])
	}
	return lines[0]
}
