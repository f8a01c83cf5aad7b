// Load calls a server from many connections at once, each call on a new one, and prints what it took as JSON.
//
//	load -at HOST:PORT -ca CERT -calls N [-connections N] [-path PATH] [-passwords FILE]
//
// With passwords, a line each, every call is an enrollment of a key of its own; its request is made beforehand. Without
// any it is a GET. Each answer must be 200.
package main

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

type call struct {
	took   time.Duration
	failed string
}

func main() {
	at := flag.String("at", "", "the server's HOST:PORT")
	ca := flag.String("ca", "", "the file of its authority")
	count := flag.Int("calls", 1000, "how many calls")
	connections := flag.Int("connections", 64, "how many at once")
	path := flag.String("path", "/healthz", "what is called")
	passwords := flag.String("passwords", "", "a file of passwords, a line for each call")
	flag.Parse()

	requests := make([]string, *count)
	for i := range requests {
		requests[i] = fmt.Sprintf("GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", *path, *at)
	}
	if *passwords != "" {
		lines := strings.Fields(string(must(os.ReadFile(*passwords))))
		for i := range requests {
			requests[i] = enrollment(*at, *path, lines[i])
		}
	}
	settings := &tls.Config{RootCAs: x509.NewCertPool(), NextProtos: []string{"http/1.1"}}
	settings.RootCAs.AppendCertsFromPEM(must(os.ReadFile(*ca)))
	settings.ServerName, _, _ = net.SplitHostPort(*at)

	calls := make([]call, *count)
	var next atomic.Int64
	var waiting sync.WaitGroup
	begun, before := time.Now(), processor()
	for i := 0; i < *connections; i++ {
		waiting.Add(1)
		go func() {
			defer waiting.Done()
			for {
				i := int(next.Add(1)) - 1
				if i >= *count {
					return
				}
				start := time.Now()
				calls[i].failed = once(*at, settings, requests[i])
				calls[i].took = time.Since(start)
			}
		}()
	}
	waiting.Wait()
	tell(calls, time.Since(begun), processor()-before)
}

// processor returns what this process has used of the processors.
func processor() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		log.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// enrollment returns a simpleenroll of RFC 7030 for a new key.
func enrollment(at, path, password string) string {
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	der := must(x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key))
	body := base64.StdEncoding.EncodeToString(der)
	shown := base64.StdEncoding.EncodeToString([]byte("x:" + password))
	head := "POST %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nAuthorization: Basic %s\r\n" +
		"Content-Type: application/pkcs10\r\nContent-Length: %d\r\n\r\n%s"
	return fmt.Sprintf(head, path, at, shown, len(body), body)
}

// once makes one call and returns what went wrong.
func once(at string, settings *tls.Config, request string) string {
	connection, err := tls.Dial("tcp", at, settings)
	if err != nil {
		return err.Error()
	}
	defer connection.Close()
	if _, err := io.WriteString(connection, request); err != nil {
		return err.Error()
	}
	answer, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		return err.Error()
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return err.Error()
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Sprintf("%d %s", answer.StatusCode, body)
	}
	return ""
}

// tell prints how fast the calls were: milliseconds, calls a second, and what a call takes of the processors here.
func tell(calls []call, took, used time.Duration) {
	var times []float64
	failed := 0
	for _, each := range calls {
		if each.failed != "" {
			failed++
			if failed <= 3 {
				log.Print(each.failed)
			}
			continue
		}
		times = append(times, float64(each.took.Microseconds())/1000)
	}
	sort.Float64s(times)
	if len(times) == 0 {
		log.Fatal("no call was answered")
	}
	must(0, json.NewEncoder(os.Stdout).Encode(map[string]any{
		"rate":   float64(len(times)) / took.Seconds(),
		"failed": failed,
		"used":   float64(used.Microseconds()) / 1000 / float64(len(calls)),
		"p50":    times[len(times)/2],
		"p99":    times[len(times)*99/100],
		"max":    times[len(times)-1],
	}))
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}
