#!/usr/bin/env bash
# Makes the keys, authorities, signatures and attestations that the image suites verify, with openssl alone: what
# plimsoll verifies was never signed by the library that it verifies with. Needs bash, coreutils, openssl 3, xxd
# and, so that nothing is dated after anybody's clock, faketime.
#
# Writes tests/data/images/made and, for the example workspace, evidence/, trust/ and images.lock.
# Everything is new on each run; commit all of it together. The keys are test keys: they are in the repository.
set -euo pipefail
if [ -z "${FIXTURES_AT:-}" ]; then
  FIXTURES_AT="2024-06-01 10:00:00" exec env TZ=UTC faketime "2024-06-01 10:00:00" "$0" "$@"
fi
cd "$(dirname "$0")/.."
root="$PWD"
out="$root/tests/data/images/made"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
rm -rf "$out"
mkdir -p "$out/keys"

b64() { base64 -w0; }
sha() { sha256sum | cut -d' ' -f1; }
hexbytes() { xxd -r -p; }
tohex() { xxd -p | tr -d '\n'; }
# A text as a JSON string.
quote() { printf '"%s"' "$(awk 'NR > 1 { printf "\\n" } { gsub(/\\/, "\\\\"); gsub(/"/, "\\\""); printf "%s", $0 } END { printf "\\n" }')"; }
der_of() { openssl pkey -pubin -in "$1" -outform DER; }
cert_der() { openssl x509 -in "$1" -outform DER; }
now() { date +%s; }

## Keys and authorities

key() { # name
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$work/$1.key" 2>/dev/null
  openssl pkey -in "$work/$1.key" -pubout -out "$work/$1.pub"
}
for name in release other ca tsa leaf rekor ct example; do key "$name"; done
for name in release other example; do cp "$work/$name.pub" "$out/keys/"; done
for name in release other; do cp "$work/$name.key" "$out/keys/"; done

cat > "$work/ca.cnf" <<'CNF'
[req]
distinguished_name = dn
prompt = no
[dn]
CN = unused
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[tsa]
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[ca]
default_ca = issue
[issue]
database = $ENV::DB/index.txt
serial = $ENV::DB/serial
new_certs_dir = $ENV::DB
default_md = sha256
policy = any
copy_extensions = none
unique_subject = no
[any]
commonName = optional
organizationName = optional
[ts]
default_tsa = stamp
[stamp]
serial = $ENV::DB/tsserial
crypto_device = builtin
signer_digest = sha256
default_policy = 1.3.6.1.4.1.57264.2
digests = sha256
accuracy = secs:1
ordering = no
tsa_name = no
ess_cert_id_chain = no
ess_cert_id_alg = sha256
CNF
export DB="$work"
export OPENSSL_CONF="$work/ca.cnf"
echo 1000 > "$work/tsserial"

authority() { # name, common name: a root of ten years
  openssl req -x509 -new -key "$work/$1.key" -subj "/O=plimsoll tests/CN=$2" -days 9000 -extensions root -out "$work/$1.crt"
}
authority ca "test certificate authority"
key tsaroot
authority tsaroot "test timestamp root"
openssl req -new -key "$work/tsa.key" -subj "/O=plimsoll tests/CN=test timestamp authority" -out "$work/tsa.csr"
openssl x509 -req -in "$work/tsa.csr" -CA "$work/tsaroot.crt" -CAkey "$work/tsaroot.key" -set_serial 2 -days 8000 \
  -extfile "$work/ca.cnf" -extensions tsa -out "$work/tsa.crt" 2>/dev/null

log_id() { der_of "$work/$1.pub" | sha; }
rekor_id="$(log_id rekor)"
ct_id="$(log_id ct)"

ISSUER="https://accounts.test.example"
SUBJECT="https://git.test.example/shop/cart/.github/workflows/release.yml@refs/tags/v2.14.3"

# A certificate of ten minutes for a key, as Fulcio gives it, with a signed certificate timestamp inside.
short_lived() { # name, subject
  local start end db extensions
  start="$(date -u -d '-1 minute' +%Y%m%d%H%M%SZ)"
  end="$(date -u -d '+9 minutes' +%Y%m%d%H%M%SZ)"
  openssl req -new -key "$work/$1.key" -subj "/" -out "$work/$1.csr"
  # OIDs: Fulcio's docs/oid-info.md; .1.8 is the issuer as UTF8String.
  extensions="[leaf]
keyUsage = critical, digitalSignature
extendedKeyUsage = codeSigning
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = critical, URI:$2
1.3.6.1.4.1.57264.1.8 = ASN1:UTF8String:$ISSUER"
  issue() { # extension file, output
    db="$(mktemp -d "$work/db.XXXX")"
    : > "$db/index.txt"
    echo 77 > "$db/serial"
    DB="$db" openssl ca -batch -notext -in "$work/$1.csr" -cert "$work/ca.crt" -keyfile "$work/ca.key" -subj "/" \
      -startdate "$start" -enddate "$end" -extfile "$2" -extensions leaf -out "$3" 2> "$work/ca.log" || { cat "$work/ca.log"; exit 1; }
  }
  printf '%s\n' "$extensions" > "$work/$1.ext"
  issue "$1" "$work/$1.ext" "$work/$1.pre.crt"
  # RFC 6962, 3.2: what a log signs is the certificate without the extension, and the key that issues it.
  cert_der "$work/$1.pre.crt" > "$work/$1.pre.der"
  openssl asn1parse -inform DER -in "$work/$1.pre.der" -strparse 4 -noout -out "$work/$1.tbs"
  local millis tbs_len signature sct list
  millis="$(printf '%016x' $(( $(now) * 1000 )))"
  tbs_len="$(printf '%06x' "$(stat -c %s "$work/$1.tbs")")"
  { printf '0000%s0001%s%s' "$millis" "$(openssl x509 -in "$work/ca.crt" -noout -pubkey | openssl pkey -pubin -outform DER | sha)" "$tbs_len" | hexbytes
    cat "$work/$1.tbs"; printf '0000' | hexbytes; } > "$work/$1.sct.signed"
  signature="$(openssl dgst -sha256 -sign "$work/ct.key" "$work/$1.sct.signed" | tohex)"
  sct="00${ct_id}${millis}00000403$(printf '%04x' $(( ${#signature} / 2 )))$signature"
  list="$(printf '%04x' $(( ${#sct} / 2 + 2 )))$(printf '%04x' $(( ${#sct} / 2 )))$sct"
  local length=$(( ${#list} / 2 )) form=""
  if [ "$length" -gt 127 ]; then form=81; fi
  printf '%s\n1.3.6.1.4.1.11129.2.4.2 = DER:04%s%02x%s\n' "$extensions" "$form" "$length" "$list" > "$work/$1.ext"
  issue "$1" "$work/$1.ext" "$work/$1.crt"
}
short_lived leaf "$SUBJECT"

trusted_root() { # output, end of the timestamp authority or nothing
  local end=""
  if [ -n "${2:-}" ]; then end=", \"end\": \"$2\""; fi
  cat > "$1" <<JSON
{
  "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
  "tlogs": [{
    "baseUrl": "https://log.test.example", "hashAlgorithm": "SHA2_256",
    "publicKey": {"rawBytes": "$(der_of "$work/${P:-}rekor.pub" | b64)", "keyDetails": "PKIX_ECDSA_P256_SHA_256", "validFor": {"start": "2024-01-01T00:00:00Z"}},
    "logId": {"keyId": "$(log_id "${P:-}rekor" | hexbytes | b64)"}
  }],
  "certificateAuthorities": [{
    "subject": {"organization": "plimsoll tests", "commonName": "test certificate authority"}, "uri": "https://ca.test.example",
    "certChain": {"certificates": [{"rawBytes": "$(cert_der "$work/${P:-}ca.crt" | b64)"}]}, "validFor": {"start": "2024-01-01T00:00:00Z"}
  }],
  "ctlogs": [{
    "baseUrl": "https://ct.test.example", "hashAlgorithm": "SHA2_256",
    "publicKey": {"rawBytes": "$(der_of "$work/${P:-}ct.pub" | b64)", "keyDetails": "PKIX_ECDSA_P256_SHA_256", "validFor": {"start": "2024-01-01T00:00:00Z"}},
    "logId": {"keyId": "$(log_id "${P:-}ct" | hexbytes | b64)"}
  }],
  "timestampAuthorities": [{
    "subject": {"organization": "plimsoll tests", "commonName": "test timestamp authority"}, "uri": "https://time.test.example",
    "certChain": {"certificates": [{"rawBytes": "$(cert_der "$work/${P:-}tsa.crt" | b64)"}, {"rawBytes": "$(cert_der "$work/${P:-}tsaroot.crt" | b64)"}]},
    "validFor": {"start": "2024-01-01T00:00:00Z"$end}
  }]
}
JSON
}
trusted_root "$out/keys/root.json"
trusted_root "$out/keys/root-ended.json" "2024-05-01T00:00:00Z"
# The same instance with other keys: nothing that is signed here holds under it.
for name in other-rekor other-ct other-ca other-tsa other-tsaroot; do key "$name"; done
for name in other-ca other-tsa other-tsaroot; do authority "$name" "other"; done
P=other- trusted_root "$out/keys/root-other.json"

## Signing

sign() { openssl dgst -sha256 -sign "$work/$1.key" | b64; } # key; signs standard input
pae() { printf 'DSSEv1 28 application/vnd.in-toto+json %d ' "$(stat -c %s "$1")"; cat "$1"; }
leaf_pem() { openssl x509 -in "$work/$1.crt"; }

# The promise of the log, over what it keeps (Rekor's SET): body, time, index.
set_of() { # file with the body, time
  printf '{"body":"%s","integratedTime":%s,"logID":"%s","logIndex":0}' "$(b64 < "$1")" "$2" "$rekor_id" | sign rekor
}
# The entry of a log that has nothing else in it, as bundles carry it.
entry() { # kind, file with the body, time
  local root note hint
  root="$({ printf '\0'; cat "$2"; } | openssl dgst -sha256 -binary | b64)"
  printf 'log.test.example\n1\n%s\n' "$root" > "$work/note"
  hint="${rekor_id:0:8}"
  note="$(quote < "$work/note")"
  note="${note%\"}\\n\u2014 log.test.example $({ printf '%s' "$hint" | hexbytes; openssl dgst -sha256 -sign "$work/rekor.key" "$work/note"; } | b64)\\n\""
  cat <<JSON
{"logIndex": "0", "logId": {"keyId": "$(printf '%s' "$rekor_id" | hexbytes | b64)"},
 "kindVersion": {"kind": "$1", "version": "0.0.1"}, "integratedTime": "$3",
 "inclusionPromise": {"signedEntryTimestamp": "$(set_of "$2" "$3")"},
 "inclusionProof": {"logIndex": "0", "rootHash": "$root", "treeSize": "1", "hashes": [], "checkpoint": {"envelope": $note}},
 "canonicalizedBody": "$(b64 < "$2")"}
JSON
}
dsse_body() { # statement, signature, verifier in PEM, output
  printf '{"apiVersion":"0.0.1","kind":"dsse","spec":{"envelopeHash":{"algorithm":"sha256","value":"%s"},"payloadHash":{"algorithm":"sha256","value":"%s"},"signatures":[{"signature":"%s","verifier":"%s"}]}}' \
    "$(sha < "$1")" "$(sha < "$1")" "$2" "$(printf '%s\n' "$3" | b64)" > "$4"
}
rekord_body() { # payload, signature, verifier in PEM, output
  printf '{"apiVersion":"0.0.1","kind":"hashedrekord","spec":{"data":{"hash":{"algorithm":"sha256","value":"%s"}},"signature":{"content":"%s","publicKey":{"content":"%s"}}}}' \
    "$(sha < "$1")" "$2" "$(printf '%s\n' "$3" | b64)" > "$4"
}
stamp() { # base 64 signature: a timestamp over its bytes
  printf '%s' "$1" | base64 -d > "$work/stamped"
  openssl ts -query -data "$work/stamped" -sha256 -cert -out "$work/query.tsq" 2>/dev/null
  openssl ts -reply -config "$work/ca.cnf" -section stamp -queryfile "$work/query.tsq" -signer "$work/tsa.crt" -inkey "$work/tsa.key" \
    -out "$work/reply.tsr" 2>/dev/null
  b64 < "$work/reply.tsr"
}

# A Sigstore bundle v0.3 with a DSSE envelope: output, statement, key, then any of: cert, log[=time], stamp.
bundle() {
  local output="$1" statement="$2" signer="$3" material verifier sig logs="" stamps=""
  shift 3
  sig="$(pae "$statement" | sign "$signer")"
  verifier="$(cat "$work/$signer.pub")"
  material="\"publicKey\": {\"hint\": \"\"}"
  for with in "$@"; do
    case "$with" in
      cert)
        verifier="$(leaf_pem "$signer")"
        material="\"certificate\": {\"rawBytes\": \"$(cert_der "$work/$signer.crt" | b64)\"}" ;;
      log|log=*)
        local time="${with#log}"
        time="${time#=}"
        dsse_body "$statement" "$sig" "$verifier" "$work/body"
        logs="$(entry dsse "$work/body" "${time:-$(now)}")" ;;
      stamp) stamps="{\"signedTimestamp\": \"$(stamp "$sig")\"}" ;;
    esac
  done
  cat > "$output" <<JSON
{
  "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
  "verificationMaterial": {$material, "tlogEntries": [$logs], "timestampVerificationData": {"rfc3161Timestamps": [$stamps]}},
  "dsseEnvelope": {"payload": "$(b64 < "$statement")", "payloadType": "application/vnd.in-toto+json", "signatures": [{"sig": "$sig"}]}
}
JSON
}

# A layer of a signature image or an attestation image from before bundles, with the same extras.
layer() { # output, media type, content, signed bytes, key, extras
  local output="$1" type="$2" content="$3" signed="$4" signer="$5" verifier sig annotations
  shift 5
  sig="$(sign "$signer" < "$signed")"
  verifier="$(cat "$work/$signer.pub")"
  case "$type" in
    *simplesigning*) annotations="\"dev.cosignproject.cosign/signature\": \"$sig\"" ;;
    *)
      printf '{"payloadType":"application/vnd.in-toto+json","payload":"%s","signatures":[{"keyid":"","sig":"%s"}]}' "$(b64 < "$content")" "$sig" > "$work/envelope"
      annotations="\"dev.cosignproject.cosign/signature\": \"\"" ;;
  esac
  for with in "$@"; do
    case "$with" in
      cert)
        verifier="$(leaf_pem "$signer")"
        annotations="$annotations, \"dev.sigstore.cosign/certificate\": $(leaf_pem "$signer" | quote), \"dev.sigstore.cosign/chain\": $(openssl x509 -in "$work/ca.crt" | quote)" ;;
      log|log=*)
        local time="${with#log}"
        time="${time#=}"
        time="${time:-$(now)}"
        case "$type" in
          *simplesigning*) rekord_body "$content" "$sig" "$verifier" "$work/body" ;;
          *) dsse_body "$content" "$sig" "$verifier" "$work/body" ;;
        esac
        annotations="$annotations, \"dev.sigstore.cosign/bundle\": $(printf '{"SignedEntryTimestamp":"%s","Payload":{"body":"%s","integratedTime":%s,"logIndex":0,"logID":"%s"}}' \
          "$(set_of "$work/body" "$time")" "$(b64 < "$work/body")" "$time" "$rekor_id" | quote | sed 's/\\n"$/"/')" ;;
      stamp)
        annotations="$annotations, \"dev.sigstore.cosign/rfc3161timestamp\": $(printf '{"SignedRFC3161Timestamp":"%s"}' "$(stamp "$sig")" | quote | sed 's/\\n"$/"/')" ;;
    esac
  done
  case "$type" in *simplesigning*) ;; *) content="$work/envelope" ;; esac
  cat > "$output" <<JSON
{
  "mediaType": "$type",
  "digest": "sha256:$(sha < "$content")",
  "size": $(stat -c %s "$content"),
  "annotations": {$annotations},
  "data": "$(b64 < "$content")"
}
JSON
}
simple() { # output, digest, key, extras
  local output="$1" digest="$2" signer="$3"
  shift 3
  printf '{"critical":{"identity":{"docker-reference":"registry.example/shop/cart"},"image":{"docker-manifest-digest":"sha256:%s"},"type":"cosign container image signature"},"optional":null}' "$digest" > "$work/simple"
  layer "$output" application/vnd.dev.cosign.simplesigning.v1+json "$work/simple" "$work/simple" "$signer" "$@"
}
attestation() { # output, statement, key, extras
  local output="$1" statement="$2" signer="$3"
  shift 3
  pae "$statement" > "$work/pae"
  layer "$output" application/vnd.dsse.envelope.v1+json "$statement" "$work/pae" "$signer" "$@"
}

## Statements

statement() { # digest, predicate type, predicate; to standard output
  printf '{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"%s"}}],"predicateType":"%s","predicate":%s}' "$1" "$2" "$3"
}
signature_of() { statement "$1" https://sigstore.dev/cosign/sign/v1 '{}'; }
vuln_of() { # digest, finished, scanner, result
  statement "$1" https://cosign.sigstore.dev/attestation/vuln/v1 \
    "{\"invocation\":{},\"scanner\":{\"uri\":\"pkg:github/$3@1.0.0\",\"version\":\"1.0.0\",\"db\":{},\"result\":$4},\"metadata\":{\"scanStartedOn\":\"$2\",\"scanFinishedOn\":\"$2\"}}"
}
trivy() { # vulnerabilities
  printf '{"SchemaVersion":2,"ArtifactName":"cart","ArtifactType":"container_image","Results":[{"Target":"cart (debian 12.10)","Class":"os-pkgs","Type":"debian","Vulnerabilities":[%s]}]}' "$1"
}
grype() { # matches
  printf '{"matches":[%s],"source":{"type":"image"},"descriptor":{"name":"grype","version":"0.90.0"}}' "$1"
}
LOW='{"VulnerabilityID":"CVE-2011-3374","PkgName":"apt","InstalledVersion":"2.6.1","Status":"affected","Severity":"LOW"}'
HIGH='{"VulnerabilityID":"CVE-2023-4911","PkgName":"libc6","InstalledVersion":"2.36-9","FixedVersion":"2.36-9+deb12u3","Status":"fixed","Severity":"HIGH"}'
GRYPE_LOW='{"vulnerability":{"id":"CVE-2011-3374","severity":"Negligible","fix":{"versions":[],"state":"not-fixed"}},"artifact":{"name":"apt","version":"2.6.1"}}'
GRYPE_HIGH='{"vulnerability":{"id":"CVE-2023-4911","severity":"High","fix":{"versions":["2.36-9+deb12u3"],"state":"fixed"}},"artifact":{"name":"libc6","version":"2.36-9"}}'
SLSA1='{"buildDefinition":{"buildType":"https://builds.test.example/v1","externalParameters":{"workflow":{"ref":"refs/tags/v2.14.3","repository":"https://git.test.example/shop/cart","path":".github/workflows/release.yml"}}},"runDetails":{"builder":{"id":"https://builds.test.example/shared@v1"}}}'
SLSA02='{"builder":{"id":"https://builds.test.example/shared@v1"},"buildType":"https://builds.test.example/v0","invocation":{"configSource":{"uri":"https://git.test.example/shop/cart"}}}'

## Test data: one image, and another one

CART="$(printf 'an image' | sha)"
OTHER="$(printf 'another image' | sha)"
printf 'sha256:%s\n' "$CART" > "$out/cart.digest"
printf 'sha256:%s\n' "$OTHER" > "$out/other.digest"
AT="2024-06-01T09:00:00Z"

# Signatures of an image: each shape, the same by somebody else, the same for another image.
signatures() { # prefix, digest, key
  signature_of "$2" > "$work/statement"
  simple "$out/$1simple-key.json" "$2" "$3"
  simple "$out/$1simple-key-timestamp.json" "$2" "$3" stamp
  simple "$out/$1simple-key-log.json" "$2" "$3" log
  bundle "$out/$1bundle-key.json" "$work/statement" "$3"
  bundle "$out/$1bundle-key-timestamp.json" "$work/statement" "$3" stamp
  bundle "$out/$1bundle-key-log.json" "$work/statement" "$3" log
}
signatures "" "$CART" release
signatures "for-another-image-" "$OTHER" release
for of in "" for-another-image-; do
  digest="$CART"
  if [ -n "$of" ]; then digest="$OTHER"; fi
  signature_of "$digest" > "$work/statement"
  simple "$out/${of}simple-keyless.json" "$digest" leaf cert log
  simple "$out/${of}simple-keyless-timestamp.json" "$digest" leaf cert stamp
  bundle "$out/${of}bundle-keyless.json" "$work/statement" leaf cert log
  bundle "$out/${of}bundle-keyless-timestamp.json" "$work/statement" leaf cert stamp
done
signature_of "$CART" > "$work/statement"
# The certificate was a day old when the log saw the signature.
late=$(( $(now) + 86400 ))
simple "$out/expired-simple-keyless.json" "$CART" leaf cert "log=$late"
bundle "$out/expired-bundle-keyless.json" "$work/statement" leaf cert "log=$late"
bundle "$out/untimed-bundle-keyless.json" "$work/statement" leaf cert
simple "$out/untimed-simple-keyless.json" "$CART" leaf cert
statement "$CART" https://test.example/approved/v1 '{}' > "$work/statement"
bundle "$out/unknown-predicate.json" "$work/statement" release
attestation "$out/unknown-predicate-layer.json" "$work/statement" release
printf '{"critical":{"identity":{"docker-reference":""},"image":{"docker-manifest-digest":"sha256:%s"},"type":"atomic container signature"},"optional":null}' "$CART" > "$work/simple"
layer "$out/unknown-simple.json" application/vnd.dev.cosign.simplesigning.v1+json "$work/simple" "$work/simple" release

# Scans and builds.
vuln() { # name, digest, finished, scanner, result
  vuln_of "$2" "$3" "$4" "$5" > "$work/statement"
  bundle "$out/vuln-$1.json" "$work/statement" release
}
vuln trivy "$CART" "$AT" aquasecurity/trivy "$(trivy "$LOW")"
attestation "$out/vuln-trivy-layer.json" "$work/statement" release
bundle "$out/vuln-trivy-timestamp.json" "$work/statement" release stamp
bundle "$out/vuln-trivy-by-other.json" "$work/statement" other
vuln grype "$CART" "$AT" anchore/grype "$(grype "$GRYPE_LOW")"
vuln trivy-high "$CART" "$AT" aquasecurity/trivy "$(trivy "$LOW,$HIGH")"
vuln grype-high "$CART" "$AT" anchore/grype "$(grype "$GRYPE_LOW,$GRYPE_HIGH")"
vuln for-another-image "$OTHER" "$AT" aquasecurity/trivy "$(trivy "$LOW")"
vuln zero-time "$CART" "0001-01-01T00:00:00Z" aquasecurity/trivy "$(trivy "$LOW")"
vuln tomorrow "$CART" "2024-07-02T00:00:00Z" aquasecurity/trivy "$(trivy "$LOW")"
vuln unknown-scanner "$CART" "$AT" test/scanner '{"problems":[]}'
statement "$CART" https://slsa.dev/provenance/v1 "$SLSA1" > "$work/statement"
bundle "$out/slsa.json" "$work/statement" release
bundle "$out/slsa-keyless.json" "$work/statement" leaf cert log
bundle "$out/slsa-by-other.json" "$work/statement" other
statement "$CART" https://slsa.dev/provenance/v0.2 "$SLSA02" > "$work/statement"
attestation "$out/slsa-v02-layer.json" "$work/statement" release
statement "$OTHER" https://slsa.dev/provenance/v1 "$SLSA1" > "$work/statement"
bundle "$out/slsa-for-another-image.json" "$work/statement" release

## What the suite on registries pushes: two builds of an image for two platforms each, and what lies beside the first.

mkdir -p "$out/registry"
printf 'not really a layer\n' > "$out/registry/layer"
described() { # media type, file, more members
  printf '{"mediaType":"%s","digest":"sha256:%s","size":%d%s}' "$1" "$(sha < "$2")" "$(stat -c %s "$2")" "${3:-}"
}
build() { # name, user
  local entries="" architecture config
  for architecture in amd64 arm64; do
    config="$out/registry/$1-$architecture.config.json"
    printf '{"architecture":"%s","os":"linux","config":{"User":"%s","Labels":{"build":"%s"}},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
      "$architecture" "$2" "$1" "$(sha < "$out/registry/layer")" > "$config"
    printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":%s,"layers":[%s]}' \
      "$(described application/vnd.oci.image.config.v1+json "$config")" \
      "$(described application/vnd.oci.image.layer.v1.tar "$out/registry/layer")" > "$out/registry/$1-$architecture.json"
    entries="$entries${entries:+,}$(described application/vnd.oci.image.manifest.v1+json "$out/registry/$1-$architecture.json" ",\"platform\":{\"architecture\":\"$architecture\",\"os\":\"linux\"}")"
  done
  printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[%s]}' "$entries" > "$out/registry/$1.json"
}
build first 65532
build second nginx
FIRST="$(sha < "$out/registry/first.json")"
signature_of "$FIRST" > "$work/statement"
simple "$out/registry/simple.json" "$FIRST" release
bundle "$out/registry/bundle.json" "$work/statement" release
vuln_of "$FIRST" "$AT" aquasecurity/trivy "$(trivy "$LOW")" > "$work/statement"
attestation "$out/registry/vuln.json" "$work/statement" release
statement "$FIRST" https://slsa.dev/provenance/v1 "$SLSA1" > "$work/statement"
bundle "$out/registry/slsa.json" "$work/statement" release
statement "$FIRST" https://spdx.dev/Document '{}' > "$work/statement"
bundle "$out/registry/sbom.json" "$work/statement" release

## The example workspace: every image that its charts name by digest is signed, scanned and built by a test key
## whose private half is not kept.

rm -rf "$root/evidence" "$root/trust"
mkdir -p "$root/evidence" "$root/trust"
{ echo "A test key of the example workspace: it signs nothing but evidence/, and its private half was thrown away."
  cat "$work/example.pub"; } > "$root/trust/test-key.pub"
keep() { # kind, file: moves it to its place, and says how the lock lists it
  local hash place
  hash="$(sha < "$2")"
  place="evidence/$DIGEST/$1-${hash:0:12}.json"
  mv "$2" "$root/$place"
  printf '    { kind = "%s", file = "%s", sha256 = "%s" },\n' "$1" "$place" "$hash"
}
{
  sed -n 's/^const HEAD: &str = "\(.*\)\\n\\$/\1/p; s/^ *\(# Commit it.*\)\\n";$/\1/p' crates/plimsoll/src/images/write.rs
  echo "version = 1"
} > "$root/images.lock"
awk '$1 == "repository:" { name = $2 } $1 == "tag:" { tag = $2 } $1 == "digest:" && $2 ~ /^sha256:[0-9a-f]+$/ { print name, tag, substr($2, 8) }' \
  $(find charts -name values.yaml | sort) | sort -u > "$work/images"
while read -r NAME TAG DIGEST; do
  mkdir -p "$root/evidence/$DIGEST"
  signature_of "$DIGEST" > "$work/statement"
  bundle "$work/sign" "$work/statement" example
  vuln_of "$DIGEST" "$AT" aquasecurity/trivy "$(trivy "$LOW")" > "$work/statement"
  bundle "$work/vuln" "$work/statement" example
  statement "$DIGEST" https://slsa.dev/provenance/v1 "$(printf '%s' "$SLSA1" | sed "s#builds.test.example#builds.example#g; s#https://git.test.example/shop/cart#https://git.example/${NAME#*/}#; s#v2.14.3#v$TAG#")" > "$work/statement"
  bundle "$work/slsa" "$work/statement" example
  user=""
  case "$NAME" in */shop/*) user="65532" ;; esac
  {
    printf '\n[[image]]\nname = "%s"\ntag = "%s"\ndigest = "sha256:%s"\nuser = "%s"\n' "$NAME" "$TAG" "$DIGEST" "$user"
    printf 'platforms = { "linux/amd64" = "sha256:%s", "linux/arm64" = "sha256:%s" }\n' "$(printf '%s amd64' "$DIGEST" | sha)" "$(printf '%s arm64' "$DIGEST" | sha)"
    printf 'seen = { dr = "2024-06-10T09:00:00Z", production = "2024-06-10T09:00:00Z", staging = "2024-06-03T09:00:00Z" }\n'
    echo "evidence = ["
    keep signature "$work/sign"
    keep vuln "$work/vuln"
    keep slsa "$work/slsa"
    echo "]"
  } >> "$root/images.lock"
done < "$work/images"
echo "made $(ls "$out" | wc -l) files in ${out#"$root"/}, and evidence for $(wc -l < "$work/images") images of the example"
