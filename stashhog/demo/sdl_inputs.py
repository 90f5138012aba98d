"""Enums and input objects of the sample Stash's interface; see `sdl` for the rules."""

from __future__ import annotations

INPUTS = """
enum SortDirectionEnum { ASC DESC }
enum BulkUpdateIdMode { SET ADD REMOVE }
enum SystemStatusEnum { SETUP NEEDS_MIGRATION OK }
enum JobStatus {
  READY
  RUNNING
  FINISHED
  STOPPING
  CANCELLED
  FAILED  # >=26
}
enum JobStatusUpdateType { ADD REMOVE UPDATE }
enum CriterionModifier {
  EQUALS NOT_EQUALS GREATER_THAN LESS_THAN BETWEEN NOT_BETWEEN IS_NULL NOT_NULL
  INCLUDES INCLUDES_ALL EXCLUDES MATCHES_REGEX NOT_MATCHES_REGEX
}

input FindFilterType {
  q: String
  page: Int
  per_page: Int
  sort: String
  direction: SortDirectionEnum
}
input StringCriterionInput { value: String! modifier: CriterionModifier! }
input IntCriterionInput { value: Int! value2: Int modifier: CriterionModifier! }
input DateCriterionInput { value: String! value2: String modifier: CriterionModifier! }
input TimestampCriterionInput { value: String! value2: String modifier: CriterionModifier! }
input MultiCriterionInput { value: [ID!] modifier: CriterionModifier! excludes: [ID!] }
input HierarchicalMultiCriterionInput {
  value: [ID!]
  modifier: CriterionModifier!
  depth: Int
  excludes: [ID!]
}
input FileFilterType {
  path: StringCriterionInput
  mod_time: TimestampCriterionInput
  created_at: TimestampCriterionInput
  updated_at: TimestampCriterionInput
}
input SceneFilterType {
  AND: SceneFilterType
  OR: SceneFilterType
  NOT: SceneFilterType
  id: IntCriterionInput
  title: StringCriterionInput
  code: StringCriterionInput
  details: StringCriterionInput
  director: StringCriterionInput
  oshash: StringCriterionInput
  checksum: StringCriterionInput
  path: StringCriterionInput
  url: StringCriterionInput
  file_count: IntCriterionInput
  tag_count: IntCriterionInput
  performer_count: IntCriterionInput
  play_count: IntCriterionInput
  rating100: IntCriterionInput
  organized: Boolean
  is_missing: String
  studios: HierarchicalMultiCriterionInput
  tags: HierarchicalMultiCriterionInput
  performers: MultiCriterionInput
  date: DateCriterionInput
  created_at: TimestampCriterionInput
  updated_at: TimestampCriterionInput
  files_filter: FileFilterType  # >=30
}
input PerformerFilterType {
  AND: PerformerFilterType
  OR: PerformerFilterType
  NOT: PerformerFilterType
  name: StringCriterionInput
  disambiguation: StringCriterionInput
  aliases: StringCriterionInput
  ignore_auto_tag: Boolean
  created_at: TimestampCriterionInput
  updated_at: TimestampCriterionInput
}
input TagFilterType {
  AND: TagFilterType
  OR: TagFilterType
  NOT: TagFilterType
  name: StringCriterionInput
  aliases: StringCriterionInput
  ignore_auto_tag: Boolean
  created_at: TimestampCriterionInput
  updated_at: TimestampCriterionInput
}
input StudioFilterType {
  AND: StudioFilterType
  OR: StudioFilterType
  NOT: StudioFilterType
  name: StringCriterionInput
  aliases: StringCriterionInput
  ignore_auto_tag: Boolean
  created_at: TimestampCriterionInput
  updated_at: TimestampCriterionInput
}

input StashIDInput {
  endpoint: String!
  stash_id: String!
  updated_at: Time  # >=28
}
input BulkUpdateIds { ids: [ID!] mode: BulkUpdateIdMode! }
input BulkUpdateStrings { values: [String!] mode: BulkUpdateIdMode! }
input SceneCreateInput {
  title: String
  code: String
  details: String
  director: String
  urls: [String!]
  date: String
  rating100: Int
  organized: Boolean
  studio_id: ID
  performer_ids: [ID!]
  gallery_ids: [ID!]
  tag_ids: [ID!]
  stash_ids: [StashIDInput!]
}
input SceneUpdateInput {
  clientMutationId: String
  id: ID!
  title: String
  code: String
  details: String
  director: String
  urls: [String!]
  date: String
  rating100: Int
  organized: Boolean
  studio_id: ID
  performer_ids: [ID!]
  gallery_ids: [ID!]
  tag_ids: [ID!]
  stash_ids: [StashIDInput!]
  cover_image: String
}
input BulkSceneUpdateInput {
  clientMutationId: String
  ids: [ID!]
  title: String
  code: String
  details: String
  director: String
  urls: BulkUpdateStrings
  date: String
  rating100: Int
  organized: Boolean
  studio_id: ID
  performer_ids: BulkUpdateIds
  gallery_ids: BulkUpdateIds
  tag_ids: BulkUpdateIds
  group_ids: BulkUpdateIds  # >=27
}
input SceneDestroyInput { id: ID! delete_file: Boolean delete_generated: Boolean }
input PerformerCreateInput {
  name: String!
  disambiguation: String
  details: String
  alias_list: [String!]
  urls: [String!]  # >=27
  ignore_auto_tag: Boolean
  favorite: Boolean
}
input PerformerUpdateInput {
  id: ID!
  name: String
  disambiguation: String
  details: String
  alias_list: [String!]
  urls: [String!]  # >=27
  ignore_auto_tag: Boolean
  favorite: Boolean
}
input PerformerDestroyInput { id: ID! }
input TagCreateInput {
  name: String!
  description: String
  aliases: [String!]
  ignore_auto_tag: Boolean
  favorite: Boolean  # >=26
  parent_ids: [ID!]
}
input TagUpdateInput {
  id: ID!
  name: String
  description: String
  aliases: [String!]
  ignore_auto_tag: Boolean
  favorite: Boolean  # >=26
  parent_ids: [ID!]
}
input TagDestroyInput { id: ID! }
input TagsMergeInput { source: [ID!]! destination: ID! }
input StudioCreateInput {
  name: String!
  details: String
  aliases: [String!]
  urls: [String!]  # >=30
  ignore_auto_tag: Boolean
  favorite: Boolean  # >=26
  parent_id: ID
}
input StudioUpdateInput {
  id: ID!
  name: String
  details: String
  aliases: [String!]
  urls: [String!]  # >=30
  ignore_auto_tag: Boolean
  favorite: Boolean  # >=26
  parent_id: ID
}
input StudioDestroyInput { id: ID! }
input MoveFilesInput { ids: [ID!]! destination_folder: String destination_basename: String }
input ScanMetadataInput {
  paths: [String!]
  rescan: Boolean  # >=26
  scanGenerateCovers: Boolean
  scanGeneratePhashes: Boolean
}
input FindJobInput { id: ID! }
"""
