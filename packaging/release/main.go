// Command release builds azptu for every target and packs each binary with its
// licence, readme files and installer: tar.gz for Unix, zip for Windows, and
// SHA256SUMS over all. The same sources, version and Go give the same bytes.
//
//	go run ./packaging/release -version 1.2.3 -out dist
package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"time"
)

// targets are the systems azptu is built for.
var targets = []string{"linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64", "windows/amd64", "windows/arm64"}

// papers go into every archive beside the binary and the installer.
var papers = []string{"LICENSE", "README.md", "README.pt-BR.md", "README.es.md", "CHANGELOG.md"}

// packed is the time of every file in an archive.
var packed = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func main() {
	version := flag.String("version", "devel", "`version` that the binaries tell")
	out := flag.String("out", "dist", "`folder` for the archives")
	only := flag.String("only", "", "`GOOS/GOARCH`,… instead of all six")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	wanted := targets
	if *only != "" {
		wanted = strings.Split(*only, ",")
	}
	if err := release(ctx, strings.TrimPrefix(*version, "v"), *out, wanted); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

// release builds and packs every target, then writes the sums.
func release(ctx context.Context, version, out string, wanted []string) error {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return fmt.Errorf("making %s: %w", out, err)
	}
	var sums strings.Builder
	for _, target := range wanted {
		name, err := one(ctx, version, out, target)
		if err != nil {
			return fmt.Errorf("%s: %w", target, err)
		}
		sum, size, err := sumOf(filepath.Join(out, name))
		if err != nil {
			return err
		}
		fmt.Fprintf(&sums, "%x  %s\n", sum, name)
		fmt.Printf("%-42s %6.1f MB\n", name, float64(size)/1e6)
	}
	if err := os.WriteFile(filepath.Join(out, "SHA256SUMS"), []byte(sums.String()), 0o644); err != nil {
		return fmt.Errorf("writing the sums: %w", err)
	}
	return nil
}

// one builds and packs one target and returns the archive's name.
func one(ctx context.Context, version, out, target string) (string, error) {
	goos, goarch, ok := strings.Cut(target, "/")
	if !ok {
		return "", errors.New("want GOOS/GOARCH")
	}
	stage, err := os.MkdirTemp("", "azptu-release")
	if err != nil {
		return "", fmt.Errorf("making a folder to build in: %w", err)
	}
	defer os.RemoveAll(stage)
	binary, installer, ending := "azptu", "install.sh", ".tar.gz"
	if goos == "windows" {
		binary, installer, ending = "azptu.exe", "install.ps1", ".zip"
	}
	built := filepath.Join(stage, binary)
	build := exec.CommandContext(ctx, "packaging/build.sh", built, target)
	build.Env = append(os.Environ(), "VERSION="+version)
	build.Stdout, build.Stderr = os.Stdout, os.Stderr
	if err := build.Run(); err != nil {
		return "", fmt.Errorf("building: %w", err)
	}
	folder := fmt.Sprintf("azptu_%s_%s_%s", version, goos, goarch)
	members := []member{{folder + "/" + binary, built, 0o755}, {folder + "/" + installer, installer, 0o755}}
	for _, paper := range papers {
		members = append(members, member{folder + "/" + paper, paper, 0o644})
	}
	return folder + ending, pack(filepath.Join(out, folder+ending), members)
}

// member is one file of an archive.
type member struct {
	name   string // in the archive
	source string
	mode   os.FileMode
}

// pack writes an archive of the kind that its name asks for.
func pack(name string, members []member) (err error) {
	file, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("making %s: %w", name, err)
	}
	defer func() {
		if cerr := file.Close(); err == nil && cerr != nil {
			err = fmt.Errorf("closing %s: %w", name, cerr)
		}
	}()
	if strings.HasSuffix(name, ".zip") {
		return packZip(file, members)
	}
	return packTar(file, members)
}

func packZip(w io.Writer, members []member) error {
	archive := zip.NewWriter(w)
	for _, m := range members {
		header := &zip.FileHeader{Name: m.name, Method: zip.Deflate, Modified: packed}
		header.SetMode(m.mode)
		entry, err := archive.CreateHeader(header)
		if err != nil {
			return fmt.Errorf("packing %s: %w", m.name, err)
		}
		if _, err := copyFile(entry, m.source); err != nil {
			return err
		}
	}
	return archive.Close()
}

func packTar(w io.Writer, members []member) error {
	zipped := gzip.NewWriter(w)
	archive := tar.NewWriter(zipped)
	for _, m := range members {
		info, err := os.Stat(m.source)
		if err != nil {
			return fmt.Errorf("packing %s: %w", m.name, err)
		}
		header := &tar.Header{Name: m.name, Mode: int64(m.mode), Size: info.Size(), ModTime: packed, Format: tar.FormatPAX}
		if err := archive.WriteHeader(header); err != nil {
			return fmt.Errorf("packing %s: %w", m.name, err)
		}
		if _, err := copyFile(archive, m.source); err != nil {
			return err
		}
	}
	if err := archive.Close(); err != nil {
		return fmt.Errorf("closing the archive: %w", err)
	}
	return zipped.Close()
}

func copyFile(w io.Writer, source string) (int64, error) {
	file, err := os.Open(source)
	if err != nil {
		return 0, fmt.Errorf("packing: %w", err)
	}
	defer file.Close()
	n, err := io.Copy(w, file)
	if err != nil {
		return n, fmt.Errorf("packing %s: %w", source, err)
	}
	return n, nil
}

func sumOf(name string) (sum []byte, size int64, err error) {
	hash := sha256.New()
	size, err = copyFile(hash, name)
	return hash.Sum(nil), size, err
}
