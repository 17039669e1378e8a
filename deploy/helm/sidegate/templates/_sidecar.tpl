{{- define "sidegate.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag }}
{{- end -}}
{{- end -}}

{{- define "sidegate.labels" -}}
app.kubernetes.io/name: {{ .Values.agent.name }}
{{- end -}}

{{- define "sidegate.locked" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{- define "sidegate.capture" -}}
- name: capture
  image: {{ include "sidegate.image" . | quote }}
  args: [capture, up, --uid, "1337", --close, {{ printf "8081,%v" .Values.redis.port | quote }}]
  workingDir: /
  securityContext:
    runAsUser: 0
    runAsGroup: 0
    runAsNonRoot: false
    allowPrivilegeEscalation: false
    readOnlyRootFilesystem: true
    capabilities: {drop: [ALL], add: [NET_ADMIN]}
  resources:
    requests: {cpu: 10m, memory: 64Mi}
    limits: {memory: 128Mi}
{{- end -}}

{{- define "sidegate.sidecar" -}}
- name: sidegate
  image: {{ include "sidegate.image" . | quote }}
  restartPolicy: Always
  {{- if .Values.capture.enabled }}
  args: [serve, --capture, "15001", --dns, "15053"]
  {{- else }}
  args: [serve]
  {{- end }}
  env:
    - {name: SIDEGATE_CONFIG, value: /etc/sidegate/config.yaml}
    - {name: SIDEGATE_DATA_DIR, value: /var/lib/sidegate/data}
    - name: SIDEGATE__IDENTITY__SESSION
      valueFrom: {fieldRef: {fieldPath: metadata.name}}
    {{- if .Values.redis.secretName }}
    - name: REDIS_URL
      valueFrom:
        secretKeyRef: {name: {{ .Values.redis.secretName | quote }}, key: {{ .Values.redis.secretKey | quote }}}
    - {name: SIDEGATE__REDIS__REPLICAS, value: {{ .Values.redis.replicas | quote }}}
    {{- end }}
    {{- range .Values.env }}
    - {{ toJson . }}
    {{- end }}
  ports:
    - {name: console, containerPort: 8081}
  startupProbe:
    httpGet: {path: /readyz, port: console}
    periodSeconds: 1
    timeoutSeconds: 3
    failureThreshold: 60
  readinessProbe:
    httpGet: {path: /readyz, port: console}
    periodSeconds: 5
    timeoutSeconds: 3
  livenessProbe:
    httpGet: {path: /healthz, port: console}
    periodSeconds: 10
    timeoutSeconds: 5
    failureThreshold: 6
  lifecycle:
    preStop: {sleep: {seconds: 5}}
  securityContext:
    runAsUser: 1337
    runAsGroup: 1337
    runAsNonRoot: true
    {{- include "sidegate.locked" . | nindent 4 }}
  resources: {{ toJson .Values.resources }}
  volumeMounts:
    - {name: data, mountPath: /var/lib/sidegate}
    - {name: trust, mountPath: /srv/trust}
    - {name: config, mountPath: /etc/sidegate, readOnly: true}
    - {name: secrets, mountPath: /etc/sidegate-secrets, readOnly: true}
    - {name: tmp, mountPath: /tmp}
{{- end -}}
