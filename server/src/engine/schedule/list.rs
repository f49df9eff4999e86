//! Lists and counts of schedules.

use super::Schedule;
use crate::engine::{
    Engine,
    error::{Error, Result},
    limits,
    namespace::NamespaceKey,
    search_attribute::SearchAttributeTypes,
    search_value::SearchValue,
    visibility::{self, Cell, Column, Columns, Query, Row},
};
use bytes::Bytes;
use steadfast_proto::{common, enums::IndexedValueType as Type, schedule::ScheduleListEntry, workflowservice::*};

/// What filters of schedules may name.
struct ScheduleColumns<'a>(&'a SearchAttributeTypes);

impl Columns for ScheduleColumns<'_> {
    fn kind(&self, name: &str) -> Result<Type> {
        if name == "ScheduleId" {
            return Ok(Type::Keyword);
        }
        let kind = self.0.kind(name)?;
        if SearchAttributeTypes::is_system(name) {
            return Err(Error::invalid(format!(
                "invalid query filter for schedules: cannot filter on {name:?}"
            )));
        }
        Ok(kind)
    }
}

impl Row for Schedule {
    fn cell(&self, column: &Column) -> Cell<'_> {
        match column.name.as_str() {
            "ScheduleId" => Cell::Text((&*self.id).into()),
            "TemporalSchedulePaused" => Cell::Value(SearchValue::Bool(self.plan.state.paused)),
            _ => visibility::attribute(&self.search_attributes, column),
        }
    }
}

impl Engine {
    fn schedule_query(&self, namespace: &str, query: &str) -> Result<(NamespaceKey, Query)> {
        let namespace = self.world.namespaces.find(namespace)?;
        let query = Query::read(query, &ScheduleColumns(&namespace.search_attributes))?;
        if let Some(name) = query.groups.first() {
            return Err(visibility::unsupported(format!(
                "'GROUP BY' clause is not supported for search attribute {name}"
            )));
        }
        Ok((namespace.key, query))
    }

    /// In the order of their ids.
    pub(crate) fn list_schedules(&self, request: &ListSchedulesRequest) -> Result<ListSchedulesResponse> {
        let (namespace, query) = self.schedule_query(&request.namespace, &request.query)?;
        let after = std::str::from_utf8(&request.next_page_token);
        let after = after.map_err(|_| Error::invalid("Invalid NextPageToken."))?;
        let asked = usize::try_from(request.maximum_page_size).ok().filter(|size| *size > 0);
        let size = asked.map_or(limits::VISIBILITY_PAGE_MAX, |size| {
            size.min(limits::VISIBILITY_PAGE_MAX)
        });
        let found = self
            .schedules
            .of(namespace, after)
            .filter(|schedule| query.filter.admits(*schedule));
        let mut found = found.peekable();
        let page: Vec<&Schedule> = found.by_ref().take(size).collect();
        let last = page.last().filter(|_| found.peek().is_some());
        let next_page_token = last
            .map(|last| Bytes::copy_from_slice(last.id.as_bytes()))
            .unwrap_or_default();
        let now = self.world.now();
        let entry = |schedule: &Schedule| ScheduleListEntry {
            schedule_id: schedule.id.to_string(),
            memo: Some(common::Memo {
                fields: schedule.memo.clone(),
            }),
            search_attributes: (!schedule.search_attributes.is_empty()).then(|| common::SearchAttributes {
                indexed_fields: schedule.search_attributes.clone(),
            }),
            info: Some(schedule.list_info(now)),
        };
        Ok(ListSchedulesResponse {
            schedules: page.into_iter().map(entry).collect(),
            next_page_token,
        })
    }

    pub(crate) fn count_schedules(&self, request: &CountSchedulesRequest) -> Result<CountSchedulesResponse> {
        let (namespace, query) = self.schedule_query(&request.namespace, &request.query)?;
        let admitted = self
            .schedules
            .of(namespace, "")
            .filter(|schedule| query.filter.admits(*schedule));
        let count = i64::try_from(admitted.count()).unwrap_or(i64::MAX);
        Ok(CountSchedulesResponse {
            count,
            ..Default::default()
        })
    }
}
