import type { WorkflowFile } from "../state.ts";

/** A form with a field of every kind that the platform supports. */
export const everyTypeWorkflow: WorkflowFile = {
  name: "every-type",
  displayName: "Every type",
  description: "Has an input of every kind",
  tags: ["example", "form"],
  scenario: {
    "show/show": {
      lasts: "2s",
      logs: ["${{ now }} ${{ inputs.text }} in mode ${{ inputs.mode }}"],
      outputs: { count: "${{ inputs.count }}" },
    },
  },
  yaml: `on:
  execute:
    inputs:
      title: { type: header, text: Every kind of input, bold: true, size: 24 }
      text: { type: string, label: Text }
      notes: { type: string, label: Notes, textarea: true, optional: true }
      secret: { type: password, label: Secret }
      ratio: { type: number, label: Ratio, min: 0, max: 1, step: 0.1, slider: true, default: 0.5 }
      count: { type: integer, label: Count, min: 1, max: 10, default: 3 }
      is_verbose: { type: boolean, label: Verbose, default: false }
      color: { type: color-picker, label: Color, default: "#336699" }
      script: { type: editor, label: Script, language: python, default: "print(1)", optional: true }
      upload: { type: file, label: File, optional: true }
      mode:
        type: dropdown
        label: Mode
        options:
          - { label: Fast, value: fast }
          - { label: Exact, value: exact }
      extras:
        type: multi-dropdown
        label: Extras
        optional: true
        options:
          - { label: Plots, value: plots }
          - { label: Tables, value: tables }
      cluster: { type: compute-clusters, label: Cluster, include-workspace: true, default: workspace }
      resource: { type: compute-resources, label: Resource, optional: true }
      instance: { type: instance-type, label: Instance type, optional: true }
      region: { type: region, label: Region, optional: true }
      zone: { type: zone, label: Zone, optional: true }
      storage: { type: storage, label: Storage, csp: aws, optional: true }
      bucket: { type: bucket, label: Bucket, csp: google, optional: true }
      image: { type: storage-image, label: Storage image, optional: true }
      groups: { type: organization-groups, label: Groups, optional: true }
      account: { type: slurm-accounts, label: Account, resource: "\${{ inputs.cluster }}", optional: true }
      partition: { type: slurm-partitions, label: Partition, resource: "\${{ inputs.cluster }}", optional: true }
      qos: { type: slurm-qos, label: QoS, resource: "\${{ inputs.cluster }}", optional: true }
      k8s_cluster: { type: kubernetes-clusters, label: Kubernetes cluster, optional: true }
      k8s_namespace: { type: kubernetes-namespaces, label: Namespace, optional: true }
      k8s_deployment: { type: kubernetes-deployments, label: Deployment, optional: true }
      k8s_pod: { type: kubernetes-pods, label: Pod, optional: true }
      k8s_pvc: { type: kubernetes-pvc, label: Volume claim, optional: true }
      k8s_service: { type: kubernetes-services, label: Service, optional: true }
      k8s_secret: { type: kubernetes-secrets, label: Kubernetes secret, optional: true }
      k8s_configmap: { type: kubernetes-configmaps, label: Config map, optional: true }
      k8s_statefulset: { type: kubernetes-statefulsets, label: Stateful set, optional: true }
      k8s_workload: { type: kubernetes-workloads, label: Workload, optional: true }
      advanced:
        type: group
        label: Advanced
        collapsed: true
        items:
          retries: { type: integer, label: Retries, default: 0, min: 0 }
          nested:
            type: group
            label: Nested
            items:
              token: { type: password, label: Token, optional: true }
      stages:
        type: list
        label: Stages
        optional: true
        template:
          name: { type: string, label: Name }
          minutes: { type: integer, label: Minutes, default: 5 }
          key: { type: password, label: Key, optional: true }
      internal: { type: string, label: Internal, default: kept, hidden: true }
      exact_only:
        type: string
        label: Only for exact
        hidden: "\${{ inputs.mode != 'exact' }}"
        ignore: "\${{ .hidden }}"
      fixed: { type: string, label: Fixed, default: as it is, disabled: true }
jobs:
  show:
    steps:
      - name: show
        run: |
          show "\${{ inputs.text }}" --mode \${{ inputs.mode }}
          echo "count=\${{ inputs.count }}" >> $OUTPUTS
`,
};
