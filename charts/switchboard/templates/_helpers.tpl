{{/* Names start with the release's; a release called switchboard gives switchboard-operator. */}}
{{- define "switchboard.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else if contains (default .Chart.Name .Values.nameOverride) .Release.Name }}
{{- .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (default .Chart.Name .Values.nameOverride) | trunc 40 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "switchboard.operator" -}}
{{ include "switchboard.fullname" . }}-operator
{{- end }}

{{- define "switchboard.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "switchboard.operator" .) .Values.serviceAccount.name }}
{{- else }}
{{- required "serviceAccount.name: give the name of the account, or set serviceAccount.create to true" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{/* What selects pods can never change in a Deployment. */}}
{{- define "switchboard.selector" -}}
app.kubernetes.io/name: switchboard-operator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "switchboard.emulator.selector" -}}
app.kubernetes.io/name: twilio-emulator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* Not managed-by: switchboard: that is the mark of what the operator itself makes, and it watches those. */}}
{{- define "switchboard.labels" -}}
app.kubernetes.io/part-of: switchboard
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{/* Takes [image, Chart]. */}}
{{- define "switchboard.image" -}}
{{- $image := index . 0 -}}
{{- printf "%s:%s" $image.repository (default (index . 1).AppVersion $image.tag) }}
{{- end }}

{{/* Pod Security "restricted", for the pod and for its container. */}}
{{- define "switchboard.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "switchboard.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}
